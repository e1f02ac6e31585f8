//! Assigned numbers that the lab recognises, with names for display: only those it uses.
//!
//! Source: Bluetooth SIG, Assigned Numbers; the 128-bit service UUIDs come from the contact-tracing applications
//! themselves.

/// 16-bit service UUIDs.
pub mod service {
    /// Exposure notification (assigned to Apple).
    pub const EXPOSURE_NOTIFICATION: u16 = crate::lab::gaen::SERVICE_UUID;
    /// DP-3T before exposure notification existed.
    pub const DP3T: u16 = 0xfd68;
    /// ROBERT (assigned to Inria): `StopCovid`, `TousAntiCovid`.
    pub const ROBERT: u16 = 0xfd64;
    /// TCN, formerly CEN: Covid Watch, `CoEpi`.
    pub const TCN: u16 = 0xc019;
    /// Eddystone (Google).
    pub const EDDYSTONE: u16 = 0xfeaa;
    /// Fast Pair (Google).
    pub const FAST_PAIR: u16 = 0xfe2c;
    /// Nearby and other services of Google.
    pub const GOOGLE_NEARBY: u16 = 0xfef3;
    /// Google.
    pub const GOOGLE: u16 = 0xfe26;
    /// Tile.
    pub const TILE: u16 = 0xfeed;
    /// Tile, second.
    pub const TILE_2: u16 = 0xfeec;
    /// Tile, third.
    pub const TILE_3: u16 = 0xfd84;
    /// Samsung `SmartTag`.
    pub const SMART_TAG: u16 = 0xfd5a;
    /// Xiaomi.
    pub const XIAOMI: u16 = 0xfe95;
    /// Logitech.
    pub const LOGITECH: u16 = 0xfe61;
}

/// 128-bit service UUIDs, as written.
pub mod service128 {
    /// `BlueTrace`: `TraceTogether`, `COVIDSafe` and others.
    pub const BLUETRACE: u128 = 0xb82a_b3fc_1595_4f6a_80f0_fe09_4cc2_18f9;
    /// `BlueTrace`, staging builds.
    pub const BLUETRACE_STAGING: u128 = 0x17e0_33d3_490e_4bc9_9fe8_2f56_7643_f4d3;
    /// TCN, where the 16-bit UUID is not used.
    pub const TCN: u128 = 0xbc90_8f39_52db_416f_a97e_6eac_29f5_9ca8;
    /// C19X.
    pub const C19X: u128 = 0xffff_ffff_eeee_dddd_0000_0000_0000_0000;
    /// Herald.
    pub const HERALD: u128 = 0x4281_32af_4746_42d3_801e_4572_d65b_fd9b;
    /// NHSX Sonar (beta).
    pub const SONAR: u128 = 0xc1f5_983c_fa94_4ac8_8e2e_bb86_d6de_9b21;
    /// `Covid19Radar` before exposure notification.
    pub const COVID19RADAR: u128 = 0x7822_fa0f_ce38_48ea_a7e8_e72a_f4e4_2c1c;
    /// `Covid19Radar` too; also the example UUID of many tutorials, so a weak sign.
    pub const COVID19RADAR_EXAMPLE: u128 = 0x550e_8400_e29b_41d4_a716_4466_5544_0000;
}

/// Company identifiers.
pub mod company {
    /// Microsoft.
    pub const MICROSOFT: u16 = 0x0006;
    /// Apple.
    pub const APPLE: u16 = 0x004c;
    /// Samsung.
    pub const SAMSUNG: u16 = 0x0075;
    /// Garmin.
    pub const GARMIN: u16 = 0x0087;
    /// Google.
    pub const GOOGLE: u16 = 0x00e0;
    /// Sony.
    pub const SONY: u16 = 0x012d;
    /// Withings; `BlueTrace` applications use it too.
    pub const WITHINGS: u16 = 0x03ff;
    /// Unassigned; Herald's first versions use it.
    pub const HERALD: u16 = 0xfffa;

    /// All of them, each of which has a name.
    pub const ALL: [u16; 8] = [MICROSOFT, APPLE, SAMSUNG, GARMIN, GOOGLE, SONY, WITHINGS, HERALD];
}

/// The name of a company identifier.
#[must_use]
pub const fn company_name(identifier: u16) -> Option<&'static str> {
    Some(match identifier {
        company::MICROSOFT => "Microsoft",
        company::APPLE => "Apple",
        company::SAMSUNG => "Samsung",
        company::GARMIN => "Garmin",
        company::GOOGLE => "Google",
        company::SONY => "Sony",
        company::WITHINGS => "Withings",
        company::HERALD => "Herald (unassigned number)",
        _ => return None,
    })
}

/// The name of a 16-bit service UUID.
#[must_use]
pub const fn service_name(uuid: u16) -> Option<&'static str> {
    Some(match uuid {
        service::EXPOSURE_NOTIFICATION => "exposure notification",
        service::DP3T => "DP-3T (before the standard)",
        service::ROBERT => "ROBERT",
        service::TCN => "TCN",
        service::EDDYSTONE => "Eddystone",
        service::FAST_PAIR => "Fast Pair",
        service::GOOGLE_NEARBY => "Google Nearby",
        service::GOOGLE => "Google",
        service::TILE | service::TILE_2 | service::TILE_3 => "Tile",
        service::SMART_TAG => "Samsung SmartTag",
        service::XIAOMI => "Xiaomi",
        service::LOGITECH => "Logitech",
        0x1800 => "generic access",
        0x1801 => "generic attribute",
        0x180a => "device information",
        0x180d => "heart rate",
        0x180f => "battery",
        0x1812 => "human interface device",
        _ => return None,
    })
}

/// The name of a 128-bit service UUID.
#[must_use]
pub const fn service128_name(uuid: u128) -> Option<&'static str> {
    Some(match uuid {
        service128::BLUETRACE => "BlueTrace",
        service128::BLUETRACE_STAGING => "BlueTrace (staging)",
        service128::TCN => "TCN",
        service128::C19X => "C19X",
        service128::HERALD => "Herald",
        service128::SONAR => "NHSX Sonar",
        service128::COVID19RADAR => "Covid19Radar",
        service128::COVID19RADAR_EXAMPLE => "Covid19Radar, or an example left in",
        _ => return None,
    })
}

/// The name of an AD type.
#[must_use]
pub const fn ad_type_name(ty: u8) -> Option<&'static str> {
    Some(match ty {
        0x01 => "flags",
        0x02 => "16-bit service list, incomplete",
        0x03 => "16-bit service list",
        0x04 => "32-bit service list, incomplete",
        0x05 => "32-bit service list",
        0x06 => "128-bit service list, incomplete",
        0x07 => "128-bit service list",
        0x08 => "local name, shortened",
        0x09 => "local name",
        0x0a => "TX power level",
        0x0d => "class of device",
        0x0e => "simple pairing hash C-192",
        0x0f => "simple pairing randomiser R-192",
        0x10 => "device ID or security manager TK value",
        0x11 => "security manager out-of-band flags",
        0x12 => "peripheral connection interval range",
        0x14 => "16-bit service solicitation",
        0x15 => "128-bit service solicitation",
        0x16 => "service data",
        0x17 => "public target address",
        0x18 => "random target address",
        0x19 => "appearance",
        0x1a => "advertising interval",
        0x1b => "LE device address",
        0x1c => "LE role",
        0x1d => "simple pairing hash C-256",
        0x1e => "simple pairing randomiser R-256",
        0x1f => "32-bit service solicitation",
        0x20 => "service data, 32-bit UUID",
        0x21 => "service data, 128-bit UUID",
        0x22 => "LE secure connections confirmation",
        0x23 => "LE secure connections random value",
        0x24 => "URI",
        0x25 => "indoor positioning",
        0x26 => "transport discovery data",
        0x27 => "LE supported features",
        0x28 => "channel map update",
        0x29 => "PB-ADV (mesh provisioning)",
        0x2a => "mesh message",
        0x2b => "mesh beacon",
        0x2c => "BIGInfo",
        0x2d => "broadcast code",
        0x2e => "resolvable set identifier",
        0x2f => "advertising interval, long",
        0x30 => "broadcast name",
        0x3d => "3D information",
        0xff => "manufacturer data",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_company_has_a_name_and_no_other_number_has() {
        let named: Vec<u16> = (0..=u16::MAX)
            .filter(|number| company_name(*number).is_some())
            .collect();
        assert_eq!(named, company::ALL);
    }
}
