use std::net::IpAddr;

use crate::integrations::payment::mpay24::{Config, Network, allowed_source};

fn config(endpoint: &str, merchant_id: u32, test: bool) -> Config {
    Config { endpoint: endpoint.into(), merchant_id, password: "secret".into(), test, callback_networks: Vec::new() }
}

#[test]
fn only_an_endpoint_and_a_merchant_that_belong_together_are_accepted() {
    let www = "https://www.mpay24.com";
    let test = "https://test.mpay24.com/app/bin/etpproxy_v15";
    for (endpoint, merchant, is_test, accepted) in [
        (www, 70_000, false, true),
        (test, 90_000, true, true),
        ("http://127.0.0.1:4000", 90_000, true, true),
        ("http://[::1]:4000", 90_000, true, true),
        ("http://localhost:4000", 90_000, true, true),
        ("http://127.0.0.1:4000", 90_000, false, false),
        ("http://127.0.0.1:4000", 70_000, true, false),
        (www, 90_000, false, false),
        (www, 90_000, true, false),
        (www, 70_000, true, false),
        (test, 70_000, true, false),
        (test, 90_000, false, false),
        (www, 7, false, false),
        (www, 170_000, false, false),
        ("http://www.mpay24.com", 70_000, false, false),
        ("https://www.mpay24.com:8443", 70_000, false, false),
        ("https://www.mpay24.com.evil.example", 70_000, false, false),
        ("https://user:pass@www.mpay24.com", 70_000, false, false),
        ("not an address", 70_000, false, false),
    ] {
        let checked = config(endpoint, merchant, is_test).checked_endpoint();
        assert_eq!(checked.is_ok(), accepted, "{endpoint} {merchant} {is_test}: {checked:?}");
        if let Ok(url) = checked {
            assert_eq!(url.path(), "/app/bin/etpproxy_v15");
        }
    }
}

#[test]
fn a_simulated_endpoint_says_so_and_no_debug_output_holds_the_password() {
    assert!(config("http://127.0.0.1:1", 90_000, true).is_simulated());
    assert!(!config("https://test.mpay24.com", 90_000, true).is_simulated());
    assert!(!format!("{:?}", config("https://test.mpay24.com", 90_000, true)).contains("secret"));
}

#[test]
fn the_section_is_read_from_configuration_and_unknown_keys_are_refused() {
    let section = r#"{"endpoint": "https://test.mpay24.com", "merchant_id": 90000, "password": "x", "test": true,
        "callback_networks": ["18.192.138.119", "37.221.72.0/24"]}"#;
    let config: Config = serde_json::from_str(section).unwrap();
    assert_eq!(config.callback_networks.len(), 2);
    assert!(serde_json::from_str::<Config>(&section.replace("merchant_id", "merchant")).is_err());
    assert!(serde_json::from_str::<Config>(&section.replace("72.0/24", "72.1/24")).is_err());
}

#[test]
fn callbacks_come_only_from_the_configured_networks_mapped_addresses_included() {
    let networks: Vec<Network> = ["37.221.72.0/24", "18.192.138.119", "2001:db8::/33", "::ffff:10.1.0.0/112"]
        .map(|net| net.parse().unwrap())
        .into();
    for (ip, allowed) in [
        ("37.221.72.0", true),
        ("37.221.72.255", true),
        ("37.221.73.0", false),
        ("37.221.71.255", false),
        ("::ffff:37.221.72.9", true),
        ("::ffff:37.221.73.9", false),
        ("::37.221.72.9", false),
        ("18.192.138.119", true),
        ("18.192.138.118", false),
        ("10.1.255.1", true),
        ("10.2.0.1", false),
        ("2001:db8:7fff::1", true),
        ("2001:db8:8000::1", false),
    ] {
        assert_eq!(allowed_source(ip.parse::<IpAddr>().unwrap(), &networks), allowed, "{ip}");
    }
    assert!(!allowed_source("127.0.0.1".parse().unwrap(), &[]));
}

#[test]
fn a_network_is_written_as_it_was_read_and_a_mistyped_one_is_refused() {
    for text in ["37.221.72.0/24", "0.0.0.0/0", "::/0", "2001:db8::/32", "127.0.0.1/32"] {
        assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
    }
    assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
    for text in [
        "",
        "37.221.72.0/33",
        "37.221.72.1/24",
        "37.221.72.0/",
        "37.221.72/24",
        "::1/129",
        "::ffff:1.2.3.4/64",
        "1.2.3.4/-1",
    ] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}
