use super::*;
use crate::dns::ZoneFile;
use crate::target::scope::Consent;

const ZONE: &str = "
example.test MX 20 mx2.example.test
example.test MX 10 mx1.example.test
example.test MX 30 mail.provider.test
example.test MX 40 gone.example.test
mx1.example.test A 192.0.2.1
mx1.example.test AAAA 2001:db8::1
mx2.example.test A 192.0.2.2
mail.provider.test A 192.0.2.99
null.test MX 0 .
implicit.test A 192.0.2.3
broken.test MX SERVFAIL
";

async fn expanded(specs: &[&str], scope: &mut Scope) -> Expansion {
    let zone = ZoneFile::parse(ZONE).unwrap();
    let specs: Vec<_> = specs.iter().map(|text| TargetSpec::parse(text).unwrap()).collect();
    expand(&specs, &[25], &zone, scope).await
}

fn shown(expansion: &Expansion) -> Vec<String> {
    let show = |t: &Target| format!("{t} {} {}", t.address(), t.mail_domain().unwrap_or("-"));
    expansion.targets.iter().map(show).collect()
}

#[tokio::test]
async fn a_mail_domain_is_its_own_mx_hosts() {
    let mut scope = Scope::authorized(Consent::Flag);
    let expansion = expanded(&["example.test"], &mut scope).await;
    let want = [
        "mx1.example.test:25 192.0.2.1 example.test",
        "mx1.example.test:25 2001:db8::1 example.test",
        "mx2.example.test:25 192.0.2.2 example.test",
    ];
    assert_eq!(shown(&expansion), want);
    let left: Vec<_> = expansion.not_probed.iter().map(|n| n.host.as_str()).collect();
    assert_eq!(left, ["gone.example.test", "mail.provider.test"]);
    assert!(expansion.errors.is_empty());
}

#[tokio::test]
async fn a_named_host_of_others_is_the_users_word() {
    let mut scope = Scope::authorized(Consent::Flag);
    let expansion = expanded(&["example.test", "mail.provider.test"], &mut scope).await;
    assert!(
        shown(&expansion).contains(&"mail.provider.test:25 192.0.2.99 example.test".to_owned())
    );
}

#[tokio::test]
async fn names_that_give_nothing_are_errors() {
    let mut scope = Scope::authorized(Consent::Flag);
    let cases = [
        ("nowhere.test", "nowhere.test"),
        ("null.test", "null MX"),
        ("broken.test", "broken.test"),
    ];
    for (spec, word) in cases {
        let expansion = expanded(&[spec], &mut scope).await;
        let said: Vec<_> = expansion.errors.iter().map(ToString::to_string).collect();
        assert!(said.len() == 1 && said[0].contains(word), "{spec}: {said:?}");
        assert!(expansion.targets.is_empty());
    }
}

#[tokio::test]
async fn a_domain_without_mx_is_its_own_host() {
    let mut scope = Scope::authorized(Consent::Flag);
    let host = expanded(&["implicit.test"], &mut scope).await;
    assert_eq!(shown(&host), ["implicit.test:25 192.0.2.3 -"]);
    let domain = expanded(&["domain:implicit.test"], &mut scope).await;
    assert_eq!(shown(&domain), ["implicit.test:25 192.0.2.3 implicit.test"]);
}

/// A target that is the mail host of the canary's domain accepts its mail by right.
#[tokio::test]
async fn a_taker_of_the_canarys_mail_is_found() {
    let zone = ZoneFile::parse(ZONE).unwrap();
    let expansion =
        expanded(&["192.0.2.2", "192.0.2.3"], &mut Scope::authorized(Consent::Flag)).await;
    let taker = async |domain| taker_of(domain, &expansion.targets, &zone).await;
    assert_eq!(taker("example.test").await.as_deref(), Some("192.0.2.2:25"));
    assert_eq!(taker("implicit.test").await.as_deref(), Some("192.0.2.3:25"));
    for domain in ["nowhere.test", "null.test", "broken.test"] {
        assert_eq!(taker(domain).await, None, "{domain}");
    }
}

#[tokio::test]
async fn without_consent_nothing_is_admitted() {
    let expansion = expanded(&["192.0.2.1", "127.0.0.9"], &mut Scope::loopback_only()).await;
    assert_eq!(shown(&expansion), ["127.0.0.9:25 127.0.0.9 -"]);
    assert!(expansion.errors.len() == 1 && expansion.errors[0].wants_consent());
}
