//! A security key in software, with the browser around it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Somebody touched the key.
const TOUCHED: u8 = 0x01;
/// A new key comes with what is told of it.
const WITH_KEY: u8 = 0x40;

/// A key with one credential.
pub(crate) struct SoftKey {
    pair: EcdsaKeyPair,
    id: [u8; 16],
    /// How often it was used; 0 in a key that does not count, as those that a telephone keeps.
    pub(crate) counter: u32,
    /// Where the page is that asks.
    pub(crate) origin: &'static str,
}

impl SoftKey {
    /// A key that nobody knows, in a browser at the shop of the tests.
    pub(crate) fn new() -> Self {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, id, counter: 1, origin: "https://shop.example" }
    }

    /// Answers to `PublicKeyCredentialCreationOptionsJSON`.
    pub(crate) fn create(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.head(options["rp"]["id"].as_str().unwrap(), TOUCHED | WITH_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        let public = self.pair.public_key().as_ref();
        // a map of CBOR: an elliptic curve's key, ES256, P-256, and both coordinates
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&public[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&public[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let response = json!({
            "clientDataJSON": BASE64.encode(client_data),
            "attestationObject": BASE64.encode(object),
            "transports": ["usb"],
        });
        self.answer(&response)
    }

    /// Answers to `PublicKeyCredentialRequestOptionsJSON`.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counter > 0);
        let client_data = self.client_data("webauthn.get", options);
        let data = self.head(options["rpId"].as_str().unwrap(), TOUCHED);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let response = json!({
            "clientDataJSON": BASE64.encode(client_data),
            "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature),
        });
        self.answer(&response)
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn head(&self, domain: &str, flags: u8) -> Vec<u8> {
        let domain = Sha256::digest(domain);
        [domain.as_slice(), &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn answer(&self, response: &Value) -> Value {
        let id = BASE64.encode(self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "response": response,
            "clientExtensionResults": {}, "authenticatorAttachment": "cross-platform",
        })
    }
}
