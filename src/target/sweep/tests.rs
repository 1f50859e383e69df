use super::*;
use crate::target::set::AddressRange;

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| text.parse::<AddressRange>().unwrap()).collect()
}

#[test]
fn sources_are_merged_and_each_target_stands_once() {
    let texts = ["192.0.2.0/30", "example.org", "192.0.2.2", "example.org", "host:a.example"];
    let mut all: Collected = texts.iter().map(|text| SweepSpec::parse(text).unwrap()).collect();
    let list = read_targets("list", "192.0.2.4\nhost:a.example\nb.example\n".as_bytes(), &[25]);
    all.merge(list.unwrap().targets);
    assert_eq!(all.addresses, set(&["192.0.2.0-4"]));
    let names: Vec<_> = all.names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["example.org", "host:a.example", "b.example"]);
    assert!(!all.is_empty() && Collected::default().is_empty());
    assert!(
        !["192.0.2.1"]
            .map(|text| SweepSpec::parse(text).unwrap())
            .into_iter()
            .collect::<Collected>()
            .is_empty()
    );
    assert!(
        !["a.example"]
            .map(|text| SweepSpec::parse(text).unwrap())
            .into_iter()
            .collect::<Collected>()
            .is_empty()
    );
}

#[test]
fn what_is_left_out_is_counted() {
    let cases: [(&[&str], &[&str], &str); 4] = [
        (&["192.0.2.1"], &[], "1 address not up"),
        (&["192.0.2.0/29"], &[], "8 addresses not up"),
        (&[], &["192.0.2.1-2"], "2 addresses with none of the ports open"),
        (&["192.0.2.9"], &["192.0.2.1-3"], "1 address not up, 3 with none of the ports open"),
    ];
    for (down, closed, text) in cases {
        let left_out = LeftOut { down: set(down), closed: set(closed) };
        assert_eq!(left_out.to_string(), text);
        assert!(!left_out.is_empty(), "{text}");
    }
    assert!(LeftOut::default().is_empty());
}
