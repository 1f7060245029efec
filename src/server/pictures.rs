//! Pictures of layers: fingerprints, and map tiles for clients that know only pictures.

use std::sync::Arc;
use std::time::Instant;

use super::answer::Answer;
use super::problem::Problem;
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{GeometryKind, Grid, Language, limits};
use crate::catalogue::LayerRecord;
use crate::pictures::Frame;
use crate::pictures::fingerprint;
use crate::pictures::glyphs::{self, GlyphRange};
use crate::pictures::legend;
use crate::pictures::map::{self, DrawFault, Picture, Style};
use crate::pictures::sprites::{self, Kind, Sprites};
use crate::styles::{self, BASE_LAYER};
use crate::tiles::{self, TileAddress};

const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
/// A picture holds its own style, and needs nothing else of anybody.
const SVG_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The name of a file without its ending, which it must have.
fn named<'a>(context: &'a Context, ending: &str) -> Result<&'a str, Problem> {
    let file = context.place("file");
    file.strip_suffix(ending)
        .ok_or_else(|| Problem::not_found(format!("there is no \"{}\" here; its name ends in {ending}", cut(file))))
}

fn check_has_geometry(layer: &LiveLayer) -> Result<(), Problem> {
    match layer.record.schema.geometry {
        GeometryKind::None => {
            Err(Problem::not_found(format!("{} is a table without geometry and has no picture", layer.record.id)))
        }
        _ => Ok(()),
    }
}

/// `/fingerprints/{layer}.svg`. With `?revision=` it is kept for ever; the land under the shapes is that of the day.
pub async fn fingerprint(context: Context) -> Reply {
    glance(context, "fingerprint", ".svg", |glance| {
        let svg = fingerprint::fingerprint(&glance.frame, &glance.tiles, &glance.land)?;
        let answer = Answer::new(SVG, svg.into_bytes());
        Ok(answer.with_header("content-security-policy", SVG_POLICY.to_owned()))
    })
    .await
}

/// `/thumbnails/{layer}.png`: a fingerprint's ground with the layer's own style, for catalogues. It is kept as long.
pub async fn thumbnail(context: Context) -> Reply {
    glance(context, "thumbnail", ".png", |glance| {
        let own = styles::chosen(&glance.layer.style, &glance.layer.record, Language::En, 0).into_owned();
        let districts = glance.land_record.as_deref().map(|record| styles::Districts { record, names: Vec::new() });
        let style = styles::with_base_map(own, districts.as_ref(), styles::Scheme::Light, "");
        let is_land = glance.layer.record.id.as_str() == BASE_LAYER;
        let tiles = if is_land { glance.tiles } else { [glance.land, glance.tiles].concat() };
        let deadline = Instant::now() + limits::PICTURE_TIME;
        Ok(Answer::new(PNG, map::thumbnail(&glance.frame, &Style::parse(&style), &tiles, deadline)?))
    })
    .await
}

/// A layer with all of its ground: what a picture that shows it at a glance is drawn from.
struct Glance {
    layer: Arc<LiveLayer>,
    frame: Frame,
    tiles: Vec<(TileAddress, Vec<u8>)>,
    /// Where the layer lies in Hong Kong, its districts.
    land: Vec<(TileAddress, Vec<u8>)>,
    land_record: Option<Arc<LayerRecord>>,
}

async fn glance(
    mut context: Context,
    kind: &'static str,
    ending: &str,
    draw: fn(Glance) -> Result<Answer, DrawFault>,
) -> Reply {
    let wanted = Wanted::take(&mut context.parameters)?;
    context.finish_parameters("revision, as-at")?;
    let id = named(&context, ending)?;
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
    check_has_geometry(&current)?;
    let names_revision = wanted.names_revision();
    let layer = context.app.wanted(&current, &wanted).await?;
    let frame = Frame::of(layer.record.extent);
    let land =
        frame.is_of_hong_kong().then(|| context.app.permitted(&snapshot, BASE_LAYER, Action::ReadTiles).ok()).flatten();
    let key = format!(
        "{kind}|{id}|{}|{}|{}|{names_revision}",
        layer.record.revision,
        permit.audience().as_str(),
        land.as_ref().map_or("", |(land, _)| land.record.revision.as_str()),
    );
    let app = Arc::clone(&context.app);
    let made = async move {
        let land_record = land.as_ref().map(|(land, _)| Arc::clone(&land.record));
        let land = match &land {
            Some((land, permit)) => with_tiles(&app, land, permit, frame.tiles(), |tiles| tiles).await?,
            None => Vec::new(),
        };
        let shown = Arc::clone(&layer);
        let drawn = with_tiles(&app, &layer, &permit, frame.tiles(), move |tiles| {
            draw(Glance { layer: shown, frame, tiles, land, land_record })
        });
        match drawn.await? {
            Ok(answer) => Ok(answer.for_ever(names_revision)),
            Err(DrawFault::OutOfTime) => Err(crate::package::ReadError::OutOfTime.into()),
            Err(fault) => Err(broken(&layer, &fault)),
        }
    };
    context.app.cache.get_or_make(key, made).await
}

/// `/map/{layer}/{z}/{x}/{y}.png`, and `{y}@2x.png` for screens with twice as many pixels.
pub async fn map_tile(mut context: Context) -> Reply {
    let wanted = Wanted::take(&mut context.parameters)?;
    context.parameters.take_common(&["png"])?;
    context.finish_parameters("revision, as-at, f, lang")?;
    let name = named(&context, ".png")?;
    let (row, scale) = name.strip_suffix("@2x").map_or((name, 1), |row| (row, 2));
    let tile = TileAddress::parse(Grid::WebMercatorQuad, context.place("z"), context.place("x"), row)
        .map_err(|error| Problem::not_found(error.to_string()))?;
    let id = context.place("layer").to_owned();
    map_picture(&context, &id, Picture { tile, scale }, &wanted).await
}

/// A picture of one tile. One that shows nothing is transparent and no 204: clients that know only pictures take an
/// answer without a picture for a fault.
pub async fn map_picture(context: &Context, id: &str, picture: Picture, wanted: &Wanted) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
    check_has_geometry(&current)?;
    let layer = context.app.wanted(&current, wanted).await?;
    let tile = picture.tile;
    super::tiles::check_offered(&layer, tile.grid())?;
    let (names_revision, language) = (wanted.names_revision(), context.ask.language);
    let key = format!(
        "picture|{id}|{}|{}|{}/{}/{}/{}@{}|{}|{names_revision}",
        layer.record.revision,
        permit.audience().as_str(),
        tile.grid(),
        tile.zoom(),
        tile.x(),
        tile.y(),
        picture.scale,
        language.tag(),
    );
    let app = Arc::clone(&context.app);
    let made = async move { draw_picture(&app, &layer, &permit, picture, language).await };
    let made = async move { Ok(made.await?.in_language(language).for_ever(names_revision)) };
    context.app.cache.get_or_make(key, made).await
}

async fn draw_picture(
    app: &super::App,
    layer: &LiveLayer,
    permit: &PermittedLayer,
    picture: Picture,
    language: Language,
) -> Result<Answer, Problem> {
    let style = Style::parse(&styles::chosen(&layer.style, &layer.record, language, 0));
    let fonts = Arc::clone(&app.fonts);
    let tiles = picture.tiles(&style);
    let draw = move |tiles: Vec<_>| map::draw(picture, &style, &tiles, &fonts, Instant::now() + limits::PICTURE_TIME);
    match with_tiles(app, layer, permit, tiles, draw).await? {
        Ok(png) => Ok(Answer::new(PNG, png)),
        Err(DrawFault::OutOfTime) => Err(crate::package::ReadError::OutOfTime.into()),
        Err(fault) => Err(broken(layer, &fault)),
    }
}

/// `/fonts/{stack}/{range}.pbf`. There is one set of fonts: whatever stack a style names, its labels are drawn with these
/// rather than not at all.
pub async fn glyphs(mut context: Context) -> Reply {
    context.parameters.take_common(&["pbf"])?;
    context.finish_parameters("f, lang")?;
    let range: GlyphRange = named(&context, ".pbf")?.parse().map_err(Problem::not_found)?;
    let fonts = Arc::clone(&context.app.fonts);
    let made = async move {
        let drawn = tokio::task::spawn_blocking(move || glyphs::glyphs(&fonts, range)).await;
        let glyphs = drawn.map_err(|_| Problem::internal("the glyphs could not be drawn"))?;
        Ok(Answer::new("application/x-protobuf", glyphs))
    };
    context.app.cache.get_or_make(format!("glyphs|{range}"), made).await
}

/// `/sprites/{version}/{name}.json`, `.png`, `@2x.json`, `@2x.png`, kept for ever, and the same without the version.
/// A version that is gone is answered with what there is: a map that was opened long ago has its signs still.
pub async fn sprite(mut context: Context) -> Reply {
    let file = context.place("file").to_owned();
    let is_index = file.ends_with(".json");
    context.parameters.take_common(&[if is_index { "json" } else { "png" }])?;
    context.finish_parameters("f, lang")?;
    let name = named(&context, if is_index { ".json" } else { ".png" })?;
    let (name, ratio) = name.strip_suffix("@2x").map_or((name, 1), |name| (name, 2));
    let kind = match name {
        "icons" => Kind::Icons,
        "sdf" => Kind::Sdf,
        _ => {
            let detail = format!("there is no sprite \"{}\"; there are icons and sdf", cut(name));
            return Err(Problem::not_found(detail));
        }
    };
    let sprites = drawn_sprites().await?;
    let names_version = context.place("version") == sprites.version;
    let key = format!("sprite|{kind:?}|{ratio}|{is_index}|{names_version}");
    let made = async move {
        let sheet = sprites.sheet(kind, ratio);
        let answer = if is_index { Answer::json(&sheet.index) } else { Answer::new(PNG, sheet.png.clone()) };
        Ok(answer.for_ever(names_version))
    };
    context.app.cache.get_or_make(key, made).await
}

async fn drawn_sprites() -> Result<&'static Sprites, Problem> {
    let drawn = tokio::task::spawn_blocking(sprites::sprites).await.ok().flatten();
    drawn.ok_or_else(|| Problem::internal("the sprites could not be drawn"))
}

/// Gives a style that names our sprite the address that may be kept for ever.
pub async fn with_sprite(style: &mut serde_json::Value, base: &str) -> Result<(), Problem> {
    if style["sprite"] == format!("{base}/sprites/icons") {
        style["sprite"] = format!("{base}/sprites/{}/icons", drawn_sprites().await?.version).into();
    }
    Ok(())
}

/// `/legends/{style}.svg` and `.png`: what the colours of a layer's style mean, in the asked language.
pub async fn legend(mut context: Context) -> Reply {
    let is_svg = context.place("file").ends_with(".svg");
    context.parameters.take_common(&[if is_svg { "svg" } else { "png" }])?;
    context.finish_parameters("f, lang")?;
    let id = named(&context, if is_svg { ".svg" } else { ".png" })?;
    let snapshot = context.app.snapshot();
    let (layer, permit) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
    check_has_geometry(&layer)?;
    let language = context.ask.language;
    let (revision, audience) = (&layer.record.revision, permit.audience().as_str());
    let key = format!("legend|{id}|{revision}|{audience}|{}|{is_svg}", language.tag());
    let fonts = Arc::clone(&context.app.fonts);
    let made = async move {
        let entries = styles::legend(&layer.style, &layer.record, language, 0);
        let answer = match is_svg {
            true => Answer::new(SVG, legend::svg(&entries, &fonts)),
            false => match legend::png(&entries, &fonts) {
                Some(png) => Answer::new(PNG, png),
                None => return Err(broken(&layer, &"no memory for it")),
            },
        };
        Ok(answer.in_language(language))
    };
    context.app.cache.get_or_make(key, made).await
}

/// Runs `draw` over tiles of a layer as they are served, unpacked and without those that hold nothing. It runs where
/// packages are read, so that no more pictures are drawn at once than there are threads for it.
async fn with_tiles<T: Send + 'static>(
    app: &super::App,
    layer: &LiveLayer,
    permit: &PermittedLayer,
    addresses: Vec<TileAddress>,
    draw: impl FnOnce(Vec<(TileAddress, Vec<u8>)>) -> T + Send + 'static,
) -> Result<T, Problem> {
    let extent = layer.record.extent;
    let read = app.pool.read(permit, &layer.package, limits::TILE_TIME, move |package| {
        let mut found = Vec::new();
        for tile in addresses {
            let is_inside = extent.is_some_and(|extent| extent.intersects(&tile.bbox_with_buffer()));
            let gzip = if is_inside { tiles::cut(package, tile)?.gzip } else { Vec::new() };
            if !gzip.is_empty() {
                found.push((tile, tiles::gunzip(&gzip)));
            }
        }
        Ok(draw(found))
    });
    Ok(read.await?)
}

fn broken(layer: &LiveLayer, fault: &dyn std::fmt::Display) -> Problem {
    tracing::error!(layer = %layer.record.id, %fault, "a picture cannot be drawn");
    Problem::internal("the picture could not be drawn; the operator's log says why")
}
