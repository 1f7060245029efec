//! Every limit of the service, with its name and its reason; `docs/operations.md` lists them.

use std::time::Duration;

/// Features on a page when the request does not say.
pub const PAGE_FEATURES_DEFAULT: u32 = 100;
/// Features on a page at most; QGIS asks for up to 1,000, ArcGIS and data query clients for 10,000.
pub const PAGE_FEATURES_MAX: u32 = 10_000;
/// SQLite time of one page: an answer that takes longer would hold a thread others wait for.
pub const QUERY_TIME: Duration = Duration::from_secs(5);
/// SQLite and cutting time of one tile.
pub const TILE_TIME: Duration = Duration::from_secs(3);
/// Jobs that may wait for a thread; beyond it the answer is 503.
pub const QUERY_QUEUE: usize = 256;
/// How long a job may wait for a thread before it is answered 503.
pub const QUEUE_WAIT: Duration = Duration::from_millis(500);
/// Open packages that one thread keeps; an open connection costs about 100 KB and 0.2 ms to make.
pub const CONNECTIONS_PER_THREAD: usize = 64;
/// Bytes of finished answers kept in memory unless the configuration says otherwise.
pub const CACHE_BYTES: u64 = 512 * 1024 * 1024;
/// The largest answer worth keeping: one of these is 1.6 % of the cache.
pub const CACHE_ITEM_BYTES: usize = 8 * 1024 * 1024;
/// Compressed bytes of a tile: what a phone draws without a pause.
pub const TILE_BYTES_MAX: usize = 500 * 1000;
/// Time to draw one picture, once its tiles are there.
pub const PICTURE_TIME: Duration = Duration::from_secs(3);
/// Features of a tile.
pub const TILE_FEATURES_MAX: usize = 200_000;
/// Layers in one tile: each brings a tile of its own budget, and a map of more is not legible.
pub const TILE_LAYERS_MAX: usize = 16;
/// The deepest zoom: 37 mm a pixel, finer than any survey.
pub const ZOOM_MAX: u8 = 22;

/// Bytes of a stream that are made at once for a reader who lags: each stream holds a few such pieces.
pub const STREAM_PIECE_BYTES: usize = 16 * 1024;
/// And for one who keeps up: every piece plans its query anew.
pub const STREAM_PIECE_BYTES_MAX: usize = 64 * 1024;
/// How long a stream that has begun waits for a reading thread before it is cut off.
pub const STREAM_BUSY_TIME: Duration = Duration::from_secs(30);
/// Features of a file that is written for one request; more go out by formats that stream.
pub const FILE_ANSWER_FEATURES_MAX: u64 = 500_000;
/// Bytes of a file that is written for one request.
pub const FILE_ANSWER_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Files that are written or sent at once: with the bytes of each, 2 GiB of the temporary folder.
pub const FILE_ANSWERS_AT_ONCE: usize = 4;
/// Features of an extract: what a desktop GIS still opens; whole layers are downloads.
pub const EXTRACT_FEATURES_MAX: u64 = 2_000_000;
/// Bytes of an extract's folder while it is made: the part that was cut out, and the file made of it.
/// A shapefile and a dBASE table end at 2 GiB too.
pub const EXTRACT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Time to make an extract, without its wait: a minute is what a shapefile of the most features takes.
pub const EXTRACT_TIME: Duration = Duration::from_secs(900);
/// Extracts that are made at once unless the configuration says otherwise: each keeps a core busy.
pub const EXTRACTS_AT_ONCE: usize = 2;
/// Extracts that may wait for their turn.
pub const EXTRACTS_WAITING: usize = 32;
/// Extracts of one caller that wait or are made: one person tries two formats of one thing.
pub const EXTRACTS_PER_CALLER: usize = 3;
/// Extracts of one caller that are kept, so that one does not fill the disk of all.
pub const EXTRACTS_KEPT_PER_CALLER: usize = 20;
/// Extracts that are remembered, whoever asked: 4 KB of memory each.
pub const EXTRACTS_KEPT_MAX: usize = 1_000;
/// How long a finished extract is kept: a day, so that a link in a letter still works tomorrow.
pub const EXTRACT_KEPT_S: u32 = 24 * 3_600;
/// Bytes of all extracts on the disk.
pub const EXTRACTS_DISK_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// How long an extract waits before it asks for a reading thread again, where all are busy.
pub const EXTRACT_BUSY_PAUSE: Duration = Duration::from_millis(200);
/// Bytes that a client who is sent something takes at least in [`READER_TIME`], 1 KiB a second; a
/// slower one is cut off, for it holds a connection and memory.
pub const READER_BYTES_LEAST: u64 = 30 * 1024;
pub const READER_TIME: Duration = Duration::from_secs(30);
/// Bytes for one client that the kernel holds and has not sent.
pub const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// Time a client has to send its first byte and its headers; also how long a connection may idle.
pub const HEADER_TIME: Duration = Duration::from_secs(10);
/// Time in which a body has to come whole.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// Connections at once, all clients together.
pub const CONNECTIONS_MAX: usize = 4_096;
/// Bytes of an address; longer ones are answered 414.
pub const ADDRESS_BYTES_MAX: usize = 8 * 1024;
/// Headers of a request; more are answered 431.
pub const HEADERS_MAX: usize = 100;
/// Bytes of all headers of a request; more are answered 431.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// How long running requests may take to end when the server stops.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(10);

/// Bytes of a filter: eight times an address, for filters that come by other ways.
pub const FILTER_BYTES_MAX: usize = 64 * 1024;
/// How deep a filter may be nested: people write 5, generators 10; each level is a call on a stack.
pub const FILTER_DEPTH_MAX: usize = 32;
/// Operators, names and values of a filter together: each costs some work for every row.
pub const FILTER_NODES_MAX: usize = 1_000;
/// Values of one list, conditions of one AND or OR, arguments of one function.
pub const FILTER_LIST_MAX: usize = 500;
/// Characters of a LIKE pattern; matching costs pattern times text at worst.
pub const FILTER_PATTERN_CHARS_MAX: usize = 200;
/// Vertices of the geometries of a filter together: proving one valid takes 6 ms, one of 5,000 150 ms.
pub const FILTER_VERTICES_MAX: usize = 1_000;

/// Bytes of a delivery's files together.
pub const SOURCE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Time for one file of another host: the largest delivery at 2 MB/s.
pub const FETCH_TIME: Duration = Duration::from_secs(1_200);
/// Time that a host may let us wait for its next byte.
pub const FETCH_STALL: Duration = Duration::from_secs(30);
/// Redirects that are followed: one to another name, one to a store, one to spare.
pub const FETCH_REDIRECTS_MAX: usize = 3;
/// How often a watching ingest asks other hosts unless the configuration says otherwise: what they
/// publish changes by the day.
pub const SOURCES_ASKED_EVERY: Duration = Duration::from_secs(3_600);
/// Bytes that an archive may unpack to.
pub const UNPACKED_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Unpacked to packed bytes, once more than [`UNPACK_RATIO_FREE_BYTES`] come out: text packs up to 30:1.
pub const UNPACK_RATIO_MAX: u64 = 100;
/// Archives that unpack to less than this may have any ratio.
pub const UNPACK_RATIO_FREE_BYTES: u64 = 64 * 1024 * 1024;
/// Entries of an archive.
pub const ARCHIVE_ENTRIES_MAX: usize = 10_000;
/// Bytes of a path inside an archive.
pub const ARCHIVE_PATH_BYTES_MAX: usize = 512;
/// Address space of the worker.
pub const WORKER_MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Processor time of the worker at most.
pub const WORKER_CPU: Duration = Duration::from_secs(600);
/// Processor time of the worker for the smallest delivery: a hundred times what it needs, and short
/// enough that a file which makes a reader run in circles is found out soon.
pub const WORKER_CPU_LEAST: Duration = Duration::from_secs(10);
/// Processor time that each MiB of a delivery adds: the slowest format, a workbook, needs 10 s.
pub const WORKER_CPU_PER_MIB: Duration = Duration::from_secs(60);
/// Wall time of the worker.
pub const WORKER_TIME: Duration = Duration::from_secs(1_200);
/// Bytes of one frame from the worker: the largest feature.
pub const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Features of a layer.
pub const FEATURES_MAX: u64 = 20_000_000;
/// Vertices of a layer: baking numbers them by 32 bits.
pub const LAYER_VERTICES_MAX: u64 = u32::MAX as u64;
/// Fields of a layer.
pub const FIELDS_MAX: usize = 1_000;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Vertices of one feature.
pub const VERTICES_MAX: usize = 5_000_000;
/// Brackets open at once in JSON: GeoJSON needs eight, and values of departments nest a few more.
pub const JSON_NESTING_MAX: usize = 64;
/// Parts inside parts of a geometry.
pub const GEOMETRY_NESTING_MAX: usize = 32;
/// How far a straight piece may stand off the curve that it stands for: half of what the finest
/// zoom draws as a pixel.
pub const CURVE_TOLERANCE_M: f64 = 0.01;
/// Share by which an area may change when it is made valid; beyond it nobody knows what was meant,
/// and the feature is rejected. The worst of 243 invalid constituencies whose coordinates were
/// rounded to 100 m changes by 4 %.
pub const REPAIR_AREA_CHANGE_MAX: f64 = 0.10;
/// Features that may be rejected before the whole delivery is, in percent, unless its definition
/// says otherwise.
pub const REJECTED_PERCENT_MAX: f64 = 1.0;
/// How far a point may lie from the second pair of coordinates in its row before it is reported.
pub const DISAGREEMENT_M: f64 = 5.0;
/// Features listed one by one in a report, of each kind; all are counted.
pub const FEATURES_LISTED: usize = 100;
/// Bytes of a layer definition.
pub const DEFINITION_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes of an XML request; the longest that a client was seen to send has 2 kB.
pub const XML_BYTES_MAX: usize = 256 * 1024;
/// Elements inside one another in an XML request.
pub const XML_DEPTH_MAX: usize = 32;
/// Elements of an XML request.
pub const XML_ELEMENTS_MAX: usize = 10_000;
/// Bytes of a form that asks for features: 10,000 ids of seven digits, each with its comma escaped.
pub const QUERY_FORM_BYTES_MAX: usize = 128 * 1024;
/// Bytes of a form or JSON document that a catalogue client posts.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Records on a page of a catalogue's dialects, as CKAN's own limit is.
pub const RECORDS_PAGE_MAX: usize = 1_000;

/// Bytes of one page of another catalogue: a hundred records in three languages have 1 MB.
pub const HARVEST_PAGE_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Time for one page of another catalogue.
pub const HARVEST_PAGE_TIME: Duration = Duration::from_secs(20);
/// Pages of one catalogue: data.gov.hk has some 160 in three languages.
pub const HARVEST_PAGES_MAX: usize = 200;
/// Files of a folder of records, each a page of its own.
pub const HARVEST_FILES_MAX: usize = 2_000;
/// Records of one catalogue.
pub const HARVEST_RECORDS_MAX: usize = 20_000;
/// Between two requests to another catalogue.
pub const HARVEST_PACE: Duration = Duration::from_secs(1);
/// Elements of one page of XML; an ISO record in three languages has some 600.
pub const HARVEST_XML_ELEMENTS_MAX: usize = 200_000;
/// Share of the records kept from the last run below which a run is held, in percent.
pub const HARVEST_LEAST_PERCENT: usize = 80;
/// Runs in a row in which a record was missing before it is forgotten.
pub const HARVEST_ABSENCES_MAX: u8 = 3;

/// Layers on one map of the map page: more than a person keeps apart, and than its colours do.
pub const MAP_LAYERS_MAX: usize = 12;

/// Places that are named when the request does not say: what a person reads.
pub const PLACES_DEFAULT: u32 = 10;
/// Places at most, as the address look-up of the Government gives.
pub const PLACES_MAX: u32 = 200;
/// Time in which all layers are asked for a place: as long as a person who types waits.
pub const PLACES_TIME: Duration = Duration::from_millis(800);
/// The same for a suggestion, which is gone with the next key.
pub const SUGGESTED_PLACES_TIME: Duration = Duration::from_millis(300);
/// Layers that are asked at once for a place: the half of the reading threads of a machine of two
/// cores, so that tiles and pages go on beside it.
pub const PLACES_LAYERS_AT_ONCE: usize = 2;
