//! `causeway seed`: asks a running server for its tiles, so that its cache is warm.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::output::say;
use super::progress::Progress;
use super::{Arguments, Ending};
use crate::base::ids::cut;
use crate::base::{Grid, LayerId, limits};
use crate::tiles::TileAddress;
use crate::tiles::bake::{children, roots};

#[derive(Debug, Args)]
pub struct SeedArguments {
    /// Layers whose tiles are asked for; all that have any where none is named.
    #[arg(value_name = "LAYER")]
    layers_wanted: Vec<LayerId>,
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// The deepest zoom; more of them are soon more than a cache holds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(..=i64::from(limits::ZOOM_MAX)), value_name = "ZOOM")]
    max_zoom: u8,
    #[arg(long, default_value = "WebMercatorQuad", value_name = "GRID")]
    grid: Grid,
    /// Requests a second at most, so that others are served meanwhile.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "NUMBER")]
    rate: u32,
}

/// What goes wrong on the way to the server and back: one sentence.
type Fault = String;

pub fn run(arguments: &Arguments, asked: &SeedArguments) -> Ending {
    if !["http://", "https://"].iter().any(|scheme| asked.url.starts_with(scheme)) {
        eprintln!("error: --url \"{}\" does not begin with http:// or https://", cut(&asked.url));
        return Ending::WrongUsage;
    }
    match seed_all(arguments, asked) {
        Ok(()) => Ending::Done,
        Err(fault) => {
            eprintln!("error: {fault}");
            Ending::Failed
        }
    }
}

fn seed_all(arguments: &Arguments, asked: &SeedArguments) -> Result<(), Fault> {
    let mut seeder = Seeder::new(asked);
    for layer in seeder.layers(&asked.layers_wanted)? {
        let seeded = seeder.seed(&layer)?;
        match arguments.json {
            true => say(json!({ "layer": layer, "tiles": seeded.tiles, "bytes": seeded.bytes })),
            false => say(format_args!("{layer}: {} tiles, {} bytes", seeded.tiles, seeded.bytes)),
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, Default)]
struct Seeded {
    tiles: u64,
    bytes: u64,
}

struct Seeder<'a> {
    asked: &'a SeedArguments,
    agent: Agent,
    pause: Duration,
    next: Instant,
}

impl<'a> Seeder<'a> {
    fn new(asked: &'a SeedArguments) -> Self {
        /// A server that takes longer for one tile has given up on it itself.
        const WAIT: Duration = Duration::from_secs(30);
        let agent = Agent::config_builder().timeout_global(Some(WAIT)).http_status_as_error(false).build().into();
        Seeder { asked, agent, pause: Duration::from_secs(1) / asked.rate, next: Instant::now() }
    }

    /// Those that were named, else all that the server lists with tiles in the grid.
    fn layers(&mut self, wanted: &[LayerId]) -> Result<Vec<String>, Fault> {
        if !wanted.is_empty() {
            return Ok(wanted.iter().map(ToString::to_string).collect());
        }
        let listed = self.json("/collections")?.ok_or("the server has no /collections; is it Causeway?")?;
        let ids = listed["collections"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
        let mut found = Vec::new();
        for id in ids {
            if self.template(id)?.is_some() {
                found.push(id.to_owned());
            }
        }
        Ok(found)
    }

    /// The path of a layer's tiles with its variables, as maps ask for them: with the revision.
    fn template(&mut self, layer: &str) -> Result<Option<String>, Fault> {
        let path = format!("/collections/{layer}/tiles/{}", self.asked.grid);
        let Some(document) = self.json(&path)? else { return Ok(None) };
        let links = document["links"].as_array().into_iter().flatten();
        let item = links.filter(|link| link["rel"] == "item").find_map(|link| link["href"].as_str());
        // The address may be the public one, of a proxy before the server.
        Ok(item.and_then(|address| Some(address[address.find("/collections/")?..].to_owned())))
    }

    /// From zoom 0 down: below a tile that is empty all are.
    fn seed(&mut self, layer: &str) -> Result<Seeded, Fault> {
        let template = self
            .template(layer)?
            .ok_or_else(|| format!("the server has no tiles of a layer \"{layer}\" in {}", self.asked.grid))?;
        let progress = Progress::start(layer);
        let mut seeded = Seeded::default();
        let mut tiles: Vec<TileAddress> = roots(self.asked.grid).collect();
        for zoom in 0..=self.asked.max_zoom {
            let mut next = Vec::new();
            for (done, tile) in tiles.iter().enumerate() {
                progress.show(&format!("zoom {zoom}"), done as u64, Some(tiles.len() as u64));
                let path = template
                    .replace("{tileMatrix}", &zoom.to_string())
                    .replace("{tileRow}", &tile.y().to_string())
                    .replace("{tileCol}", &tile.x().to_string());
                if let Some(bytes) = self.tile(&path)? {
                    seeded.tiles += 1;
                    seeded.bytes += bytes;
                    next.extend(children(*tile));
                }
            }
            tiles = next;
        }
        progress.end();
        Ok(seeded)
    }

    /// Asks for a tile and gives its bytes; `None` where it is empty.
    fn tile(&mut self, path: &str) -> Result<Option<u64>, Fault> {
        let response = self.get(path, "gzip")?;
        match response.status() {
            StatusCode::OK => Ok(Some(body_of(response)?.len() as u64)),
            StatusCode::NO_CONTENT => Ok(None),
            status => Err(format!("{path} was answered {status}")),
        }
    }

    fn json(&mut self, path: &str) -> Result<Option<Value>, Fault> {
        let response = self.get(path, "identity")?;
        match response.status() {
            StatusCode::OK => {
                let body = body_of(response)?;
                serde_json::from_slice(&body).map(Some).map_err(|error| format!("{path} is not JSON: {error}"))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(format!("{path} was answered {status}")),
        }
    }

    /// One request when its time has come, and again while the server is busy.
    fn get(&mut self, path: &str, encoding: &str) -> Result<Response<Body>, Fault> {
        const TRIES: u32 = 10;
        const BUSY_PAUSE: Duration = Duration::from_secs(2);
        let address = format!("{}{path}", self.asked.url.trim_end_matches('/'));
        for _ in 0..TRIES {
            std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
            self.next = Instant::now() + self.pause;
            let response = self
                .agent
                .get(&address)
                .header("accept-encoding", encoding)
                .call()
                .map_err(|error| format!("{} does not answer: {error}", self.asked.url))?;
            if response.status() != StatusCode::SERVICE_UNAVAILABLE {
                return Ok(response);
            }
            std::thread::sleep(BUSY_PAUSE);
        }
        Err(format!("the server was too busy for {path} after {TRIES} tries"))
    }
}

fn body_of(mut response: Response<Body>) -> Result<Vec<u8>, Fault> {
    /// A list of thousands of layers; a tile has a few hundred kilobytes for each of its own.
    const BYTES_MAX: u64 = 64 * 1024 * 1024;
    response.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(|error| error.to_string())
}
