//! Passwords: hashed with argon2id, and never compared, for each hash has a salt of its own: what is stored is verified.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::error::{Code, Error, Result};

/// A new hash, as a PHC string.
pub fn hash(password: &str) -> Result<String> {
    let failed = |cause| Error::new(Code::Unexpected, "cannot hash a password").because(cause);
    Ok(Argon2::default().hash_password(password.as_bytes()).map_err(failed)?.to_string())
}

/// Whether a stored text is a hash of the password.
#[must_use]
pub fn verifies(stored: &str, password: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_verified() {
        let (one, other) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert!(one.starts_with("$argon2id$") && one != other);
        assert!(verifies(&one, "secret") && verifies(&other, "secret"));
        assert!(!verifies(&one, "Secret") && !verifies("", "secret") && !verifies("$argon2id$x", "secret"));
    }
}
