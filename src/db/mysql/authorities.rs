//! Who is trusted to sign a server's certificate: the authority that `sslrootcert` names, and no other.
//!
//! The driver trusts the public authorities beside it, those that browsers know. With `verify-ca`, which does not look at
//! the server's name, anybody with a certificate for anything could then stand in for the server. So the signatures that
//! only a public authority's key confirms are refused here, where the TLS library asks for each of them.

use std::cell::RefCell;
use std::path::Path;
use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm};

use crate::db::error::{DbError, Kind};

thread_local! {
    /// The keys of the named authorities, for the connection that this thread makes; `None`: all that are known are trusted.
    static NAMED: RefCell<Option<Vec<Vec<u8>>>> = const { RefCell::new(None) };
}

/// From now on, the connections that this thread makes trust the authorities in a file alone.
pub(super) fn trust_only(path: &Path) -> Result<(), DbError> {
    let failed = |why: &dyn std::fmt::Display| {
        DbError::new(Kind::Tls, format!("`sslrootcert`, the file `{}`, cannot be read: {why}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))? {
        roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"it holds no certificate in PEM form"));
    }
    if !is_installed() {
        return Err(DbError::new(
            Kind::Tls,
            "the process has a TLS provider of its own, which trusts more than `sslrootcert` names",
        ));
    }
    let keys = roots.roots.iter().map(|root| root.subject_public_key_info.to_vec()).collect();
    NAMED.set(Some(keys));
    Ok(())
}

/// Makes the TLS library ask us; once for the process.
fn is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        let provider = ring::default_provider();
        let theirs = provider.signature_verification_algorithms;
        let asking = |algorithms: &'static [&'static dyn SignatureVerificationAlgorithm]| {
            // As long as the process lives: the library wants them so.
            let wrapped =
                algorithms.iter().map(|one| &*Box::leak(Box::new(Asking(*one))) as &dyn SignatureVerificationAlgorithm);
            &*Vec::leak(wrapped.collect())
        };
        let mapping = theirs.mapping.iter().map(|(scheme, algorithms)| (*scheme, asking(algorithms)));
        let ours = WebPkiSupportedAlgorithms { all: asking(theirs.all), mapping: Vec::leak(mapping.collect()) };
        CryptoProvider { signature_verification_algorithms: ours, ..provider }.install_default().is_ok()
    })
}

/// An algorithm that refuses what a public authority signed, where others are named.
#[derive(Debug)]
struct Asking(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Asking {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // A root's key is kept with its algorithm before it.
        let is_key = |kept: &[u8]| kept.ends_with(public_key);
        let refused = NAMED.with_borrow(|named| {
            named.as_ref().is_some_and(|named| {
                !named.iter().any(|kept| is_key(kept))
                    && webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| is_key(&root.subject_public_key_info))
            })
        });
        if refused { Err(InvalidSignature) } else { self.0.verify_signature(public_key, message, signature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of a public root, as the library would ask with it: what stands behind the header of its BIT STRING.
    fn public_key() -> Vec<u8> {
        let root = &webpki_roots::TLS_SERVER_ROOTS[0];
        let info = &root.subject_public_key_info;
        info[info.len() - 64..].to_vec()
    }

    #[derive(Debug)]
    struct Yes;

    impl SignatureVerificationAlgorithm for Yes {
        fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
            Ok(())
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ED25519
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            rustls::pki_types::alg_id::ED25519
        }
    }

    #[test]
    fn a_public_authority_is_trusted_only_where_none_is_named_or_it_is() {
        let ask = || Asking(&Yes).verify_signature(&public_key(), b"", b"").is_ok();
        assert!(ask());
        NAMED.set(Some(vec![vec![1, 2, 3]]));
        assert!(!ask());
        // The key of an intermediate, or of the named one, is nobody's that is public.
        assert!(Asking(&Yes).verify_signature(&[9; 64], b"", b"").is_ok());
        NAMED.set(Some(vec![public_key()]));
        assert!(ask());
    }
}
