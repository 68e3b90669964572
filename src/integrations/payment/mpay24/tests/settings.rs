use crate::integrations::payment::mpay24::Config;

fn config(endpoint: &str, merchant_id: u32, test: bool) -> Config {
    Config {
        endpoint: endpoint.into(),
        merchant_id,
        password: "secret".into(),
        test,
        callback_networks: crate::network::Networks::default(),
    }
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
    assert!(config("http://127.0.0.1:1", 90_000, true).is_local());
    assert!(!config("https://test.mpay24.com", 90_000, true).is_local());
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
