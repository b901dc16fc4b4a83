use super::scene::{Mark, Point};
use super::*;

fn timeline(name: &str) -> Chart {
    let values: Vec<Reading> =
        (0..50).map(|i| Reading { minute: f64::from(i), value: Some(f64::from(i)) }).collect();
    let level = Level {
        name: "memory working set".to_owned(),
        unit: "MiB".to_owned(),
        limit: vec![Reading { minute: 0.0, value: Some(60.0) }],
        others: Vec::new(),
        values: values.clone(),
    };
    let moment = |minute, kind| Moment { minute, kind, label: name.to_owned() };
    let figure = Timeline {
        level: Some(level),
        probability: values.iter().map(|r| Reading { value: Some(0.5), ..*r }).collect(),
        score: Vec::new(),
        threshold: Some(0.4),
        alarms: vec![AlarmSpan { from: 20.0, to: 40.0 }],
        episodes: vec![Episode { from: 10.0, to: 45.0, label: name.to_owned() }],
        moments: vec![
            moment(15.0, MomentKind::Change),
            moment(20.0, MomentKind::Alarm),
            moment(40.0, MomentKind::Failure),
        ],
        span: (0.0, 50.0),
        time_name: "production minutes".to_owned(),
    };
    Chart {
        name: "t".to_owned(),
        title: name.to_owned(),
        reading: "why".to_owned(),
        figure: Figure::Timeline(Box::new(figure)),
    }
}

fn curve(points: Vec<(f64, f64)>) -> Chart {
    let curve = Curve {
        label: "Foresail".to_owned(),
        emphasis: Emphasis::Subject,
        points,
        operating_point: Some((0.3, 0.5)),
    };
    let axes = CurvesAxes::Shares { x: "x".to_owned(), y: "y".to_owned() };
    Chart {
        name: "c".to_owned(),
        title: "a title".to_owned(),
        reading: "how to read it".to_owned(),
        figure: Figure::Curves(Curves { axes, curves: vec![curve] }),
    }
}

fn points(scene: &Scene) -> Vec<Point> {
    scene
        .marks
        .iter()
        .flat_map(|mark| match mark {
            Mark::Line { points, .. } | Mark::Area { points, .. } => points.clone(),
            Mark::Dot { center, .. } => vec![*center],
            Mark::Text { at, .. } => vec![*at],
        })
        .collect()
}

#[test]
fn every_mark_is_inside_the_picture_at_both_widths() {
    for chart in [timeline("oom killed"), curve(vec![(0.0, 1.0), (2.0, -1.0)])] {
        for size in [chart.wide(), chart.narrow()] {
            for point in points(&chart.scene(size)) {
                assert!((0.0..=size.width).contains(&point.x), "{point:?} in {size:?}");
                assert!((0.0..=size.height).contains(&point.y), "{point:?} in {size:?}");
            }
        }
    }
}

#[test]
fn a_png_has_two_pixels_to_a_unit() {
    let chart = curve(vec![(0.0, 1.0), (0.5, 0.5)]);
    let bytes = chart.png().unwrap();
    let decoder = ::png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().unwrap();
    let mut raster = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut raster).unwrap();
    // 340 units of picture below 61 units of heading: title and one line of words.
    assert_eq!((frame.width, frame.height), (1120, 802));
    let surface = Paint::Surface.light();
    assert!(raster.chunks_exact(3).any(|pixel| pixel != surface), "something is drawn");
    let subject = Paint::Subject.light();
    assert!(raster.chunks_exact(3).any(|pixel| pixel == subject), "the curve is drawn");
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let one = (curve(vec![(0.1, 0.9)]).png().unwrap(), timeline("a").svg_document());
    let other = (curve(vec![(0.1, 0.9)]).png().unwrap(), timeline("a").svg_document());
    assert!(one == other);
}

#[test]
fn names_cannot_leave_their_place_in_an_svg() {
    let svg = timeline("\u{0}\u{202e}</text><script>\"&").svg_document();
    assert!(!svg.contains("<script"));
    assert!(svg.contains("&lt;/text&gt;&lt;script&gt;"));
    assert!(!svg.contains('\u{0}') && !svg.contains('\u{202e}'));
}

#[test]
fn values_that_are_no_numbers_are_left_out() {
    let svg = curve(vec![(f64::NAN, 0.5), (0.2, f64::INFINITY), (0.1, 0.2)]).svg_document();
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn an_empty_figure_says_that_it_is_empty() {
    let axes = CurvesAxes::Minutes { x: "x".to_owned(), y: "y".to_owned() };
    let figure = Figure::Curves(Curves { axes, curves: Vec::new() });
    let chart = Chart { figure, ..curve(Vec::new()) };
    assert!(chart.svg_document().contains("not in this data"));
    let figure = Figure::Reliability(Reliability { bins: Vec::new() });
    assert!(Chart { figure, ..chart }.svg_document().contains("not in this data"));
}

#[test]
fn a_cut_in_a_series_is_not_bridged() {
    let mut chart = timeline("x");
    let lines = |chart: &Chart| chart.scene(chart.wide()).marks.len();
    let whole = lines(&chart);
    if let Figure::Timeline(timeline) = &mut chart.figure
        && let Some(level) = &mut timeline.level
    {
        level.values[25].value = None;
    }
    assert_eq!(lines(&chart), whole + 1);
}

#[test]
fn episodes_that_overlap_stand_in_different_rows() {
    let mut chart = timeline("x");
    if let Figure::Timeline(timeline) = &mut chart.figure {
        let episode = |from, to| Episode { from, to, label: "under way".to_owned() };
        timeline.episodes = vec![episode(0.0, 30.0), episode(20.0, 45.0), episode(48.0, 90.0)];
    }
    let scene = chart.scene(chart.narrow());
    let heights: std::collections::BTreeSet<i64> = scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text { at, text, .. } if text == "under way" => Some(at.y as i64),
            Mark::Text { .. } | Mark::Line { .. } | Mark::Area { .. } | Mark::Dot { .. } => None,
        })
        .collect();
    assert!(heights.len() > 1, "{heights:?}");
}

#[test]
fn labels_at_the_same_time_stand_in_different_rows() {
    let mut chart = timeline("x");
    if let Figure::Timeline(timeline) = &mut chart.figure {
        for moment in &mut timeline.moments {
            moment.minute = 25.0;
            moment.label = "same place".to_owned();
        }
    }
    let mut heights: Vec<i64> = chart
        .scene(chart.narrow())
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text { at, text, .. } if text == "same place" => Some(at.y as i64),
            Mark::Text { .. } | Mark::Line { .. } | Mark::Area { .. } | Mark::Dot { .. } => None,
        })
        .collect();
    heights.dedup();
    assert_eq!(heights.len(), 3);
}
