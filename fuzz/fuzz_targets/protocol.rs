//! Any bytes as the worker's stream. Each frame that is read is written and read again as it was;
//! the sink gets the fields once and then features that fit them, and no stream without its end is
//! taken for a whole one.
#![no_main]

use std::path::PathBuf;

use causeway::intake::delivery::protocol::{Frame, WorkerSource};
use causeway::intake::delivery::{
    DeliveryError, DeliverySink, Format, ReadRequest, SourceFacts, SourceFeature, SourceField, take_in,
};
use libfuzzer_sys::fuzz_target;

/// Length and type.
const FRAME_BYTES_LEAST: usize = 5;

fuzz_target!(|stream: &[u8]| {
    let ended = check_frames(stream);
    let sources = [source("a.csv"), source("b.csv")];
    for file_name_field in [None, Some("file".to_owned())] {
        let request = ReadRequest { file_name_field, ..ReadRequest::default() };
        let mut sink = Sink::default();
        if let Ok(count) = take_in(stream, &sources, &request, &mut sink) {
            assert_eq!(ended, Some(count));
            assert_eq!(sink.features, count);
        }
    }
});

/// Reads the frames one by one; answers what the end frame announces, if the stream comes to one.
fn check_frames(stream: &[u8]) -> Option<u64> {
    let mut rest = stream;
    let mut frames = 0;
    while let Ok(frame) = Frame::read(&mut rest) {
        frames += 1;
        let mut written = Vec::new();
        frame.append(&mut written).expect("memory takes everything");
        let again = Frame::read(&mut written.as_slice()).expect("what is written is read");
        let mut rewritten = Vec::new();
        again.append(&mut rewritten).expect("memory takes everything");
        // As bytes, because a NaN equals nothing.
        assert_eq!(rewritten, written);
        if let Frame::End(count) = frame {
            return Some(count);
        }
    }
    assert!(frames * FRAME_BYTES_LEAST <= stream.len());
    None
}

fn source(name: &str) -> WorkerSource {
    WorkerSource {
        path: PathBuf::from(name),
        shown: name.to_owned(),
        format: Format::Csv,
        encoding: None,
        layer: None,
        rows: Default::default(),
        notes: Vec::new(),
    }
}

#[derive(Default)]
struct Sink {
    fields: Option<usize>,
    features: u64,
}

impl DeliverySink for Sink {
    fn schema(&mut self, fields: &[SourceField], _: &SourceFacts) -> Result<(), DeliveryError> {
        assert_eq!(self.fields, None, "the fields come once");
        self.fields = Some(fields.len());
        Ok(())
    }

    fn feature(&mut self, feature: SourceFeature) -> Result<(), DeliveryError> {
        assert_eq!(Some(feature.values.len()), self.fields, "values fit the announced fields");
        self.features += 1;
        Ok(())
    }
}
