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
/// Features of a tile.
pub const TILE_FEATURES_MAX: usize = 200_000;
/// The deepest zoom: 37 mm a pixel, finer than any survey.
pub const ZOOM_MAX: u8 = 22;

/// Time a client has to send its first byte and its headers; also how long a connection may idle.
pub const HEADER_TIME: Duration = Duration::from_secs(10);
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
/// Processor time of the worker.
pub const WORKER_CPU: Duration = Duration::from_secs(600);
/// Wall time of the worker.
pub const WORKER_TIME: Duration = Duration::from_secs(1_200);
/// Bytes of one frame from the worker: the largest feature.
pub const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Features of a layer.
pub const FEATURES_MAX: u64 = 20_000_000;
/// Fields of a layer.
pub const FIELDS_MAX: usize = 1_000;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Vertices of one feature.
pub const VERTICES_MAX: usize = 5_000_000;
/// Bytes of a layer definition.
pub const DEFINITION_BYTES_MAX: u64 = 1024 * 1024;

/// Bytes of an XML request; the longest that a client was seen to send has 2 kB.
pub const XML_BYTES_MAX: usize = 256 * 1024;
/// Elements inside one another in an XML request.
pub const XML_DEPTH_MAX: usize = 32;
/// Elements of an XML request.
pub const XML_ELEMENTS_MAX: usize = 10_000;
