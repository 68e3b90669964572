//! Countries, and the form of the VAT numbers of those that have one of the European Union.

/// The countries of ISO 3166-1, two letters each.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The prefix of a VAT number, and the forms of what follows it: `9` is a digit, `A` a letter, `*`
/// either of both.
const VAT_FORMS: [(&str, &[&str]); 28] = [
    ("AT", &["U99999999"]),
    ("BE", &["9999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CY", &["99999999A"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["A99999999", "A9999999A", "99999999A"]),
    ("FI", &["99999999"]),
    ("FR", &["**999999999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9999999A", "9999999AA", "9A99999A"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999B99"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    (
        "RO",
        &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"],
    ),
    ("SE", &["999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    // Northern Ireland
    ("XI", &["999999999", "999999999999", "GD999", "HA999"]),
];

/// Shortest and longest VAT number of a country whose form is not known here.
const OTHER_VAT: std::ops::RangeInclusive<usize> = 4..=20;

/// Whether two letters are a country.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|country| country == code)
}

/// Whether a country is in the European Union.
pub(super) fn is_in_the_union(country: &str) -> bool {
    country == "GR"
        || !matches!(country, "EL" | "XI") && VAT_FORMS.iter().any(|(prefix, _)| *prefix == country)
}

/// A VAT number in its one form, without blanks, dots and dashes: of a country of the Union as that
/// writes it, with the country's two letters; of any other country 4 to 20 letters and digits.
/// `None`: it is none.
pub(super) fn vat_number(typed: &str, country: &str) -> Option<String> {
    let plain = |sign: &char| !matches!(sign, '.' | '/');
    let number: String =
        super::unmixed(typed).chars().filter(plain).map(|sign| sign.to_ascii_uppercase()).collect();
    if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let forms =
        VAT_FORMS.iter().find(|(prefix, _)| number.starts_with(prefix)).map(|(_, forms)| *forms);
    let fits = match forms {
        Some(forms) => forms.iter().any(|form| has_form(&number[2..], form)),
        None => !is_in_the_union(country) && OTHER_VAT.contains(&number.len()),
    };
    fits.then_some(number)
}

fn has_form(text: &str, form: &str) -> bool {
    let fits = |(sign, wanted): (u8, u8)| match wanted {
        b'9' => sign.is_ascii_digit(),
        b'A' => sign.is_ascii_uppercase(),
        b'*' => sign.is_ascii_alphanumeric(),
        other => sign == other,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vat_number_has_the_form_of_its_country() {
        for (typed, country, number) in [
            ("ATU12345678", "AT", "ATU12345678"),
            ("atu 1234-5678", "AT", "ATU12345678"),
            ("DE 123 456 789", "AT", "DE123456789"),
            ("EL123456789", "GR", "EL123456789"),
            ("ESX1234567X", "ES", "ESX1234567X"),
            ("FRXX123456789", "FR", "FRXX123456789"),
            ("NL123456789B01", "NL", "NL123456789B01"),
            ("CHE-123.456.789 MWST", "CH", "CHE123456789MWST"),
        ] {
            assert_eq!(vat_number(typed, country).as_deref(), Some(number), "{typed}");
        }
        for (typed, country) in [
            ("AT12345678", "AT"),
            ("ATU1234567", "AT"),
            ("DE12345678", "DE"),
            ("123456789", "DE"),
            ("GR123456789", "GR"),
            ("ITÄ", "IT"),
            ("x", "CH"),
            ("", "CH"),
        ] {
            assert_eq!(vat_number(typed, country), None, "{typed}");
        }
    }

    #[test]
    fn every_country_of_the_union_is_a_country_and_has_a_form() {
        assert!(
            is_country("AT")
                && is_country("CH")
                && !is_country("EL")
                && !is_country("at")
                && !is_country("XX")
        );
        assert!(is_in_the_union("GR") && is_in_the_union("AT"));
        assert!(!is_in_the_union("CH") && !is_in_the_union("XI") && !is_in_the_union("EL"));
        let members = COUNTRIES.split(' ').filter(|country| is_in_the_union(country));
        assert_eq!(members.count(), 27);
    }
}
