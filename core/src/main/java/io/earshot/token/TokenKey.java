package io.earshot.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import org.jspecify.annotations.Nullable;

/**
 * One key, which verifies tokens by one algorithm, and signs them if it has its private half.
 *
 * <p>Immutable.
 *
 * @param id its id, which tokens name in {@code kid}; null for a key of another issuer without one
 * @param signer null for a public key
 */
record TokenKey(
    @Nullable String id, JWSAlgorithm algorithm, JWSVerifier verifier, @Nullable JWSSigner signer) {

  /** Shorter RSA keys are not accepted, in bits. */
  private static final int SHORTEST_RSA = 2048;

  /** A secret for HS256. */
  static TokenKey ofSecret(String id, byte[] secret) {
    try {
      return new TokenKey(id, JWSAlgorithm.HS256, new MACVerifier(secret), new MACSigner(secret));
    } catch (JOSEException e) {
      throw new IllegalArgumentException("a secret for HS256 has at least 32 bytes", e);
    }
  }

  /**
   * A public key, or a key pair.
   *
   * @param algorithm RS256, ES256 or EdDSA
   * @throws GeneralSecurityException if the key is not one for the algorithm
   */
  static TokenKey ofPair(
      @Nullable String id,
      JWSAlgorithm algorithm,
      PublicKey publicKey,
      @Nullable PrivateKey privateKey)
      throws GeneralSecurityException {
    try {
      return switch (publicKey) {
        case RSAPublicKey rsa when rsa.getModulus().bitLength() < SHORTEST_RSA ->
            throw new GeneralSecurityException("an RSA key has at least 2048 bits");
        case RSAPublicKey rsa ->
            new TokenKey(
                id,
                algorithm,
                new RSASSAVerifier(rsa),
                privateKey == null ? null : new RSASSASigner(privateKey));
        case ECPublicKey ec when !Curve.P_256.equals(Curve.forECParameterSpec(ec.getParams())) ->
            throw new GeneralSecurityException("a key for ES256 is on the curve P-256");
        case ECPublicKey ec ->
            new TokenKey(
                id,
                algorithm,
                new ECDSAVerifier(ec),
                privateKey == null ? null : new ECDSASigner((ECPrivateKey) privateKey));
        default -> {
          var ed25519 = new Ed25519(publicKey, privateKey);
          yield new TokenKey(id, algorithm, ed25519, privateKey == null ? null : ed25519);
        }
      };
    } catch (JOSEException e) {
      throw new GeneralSecurityException(e);
    }
  }

  /**
   * The public key that another issuer publishes.
   *
   * @return null for a key that is not for signatures by RS256, ES256 or EdDSA
   */
  static @Nullable TokenKey ofJwk(JWK jwk) {
    if (jwk.getKeyUse() != null && !jwk.getKeyUse().equals(KeyUse.SIGNATURE)) {
      return null;
    }
    try {
      return switch (jwk) {
        case RSAKey rsa when isFor(jwk, JWSAlgorithm.RS256) ->
            ofPair(jwk.getKeyID(), JWSAlgorithm.RS256, rsa.toPublicKey(), null);
        case ECKey ec when isFor(jwk, JWSAlgorithm.ES256) && ec.getCurve().equals(Curve.P_256) ->
            ofPair(jwk.getKeyID(), JWSAlgorithm.ES256, ec.toPublicKey(), null);
        case OctetKeyPair ed
            when isFor(jwk, JWSAlgorithm.EdDSA) && ed.getCurve().equals(Curve.Ed25519) ->
            ofPair(jwk.getKeyID(), JWSAlgorithm.EdDSA, Ed25519.publicKey(ed.getDecodedX()), null);
        default -> null;
      };
    } catch (JOSEException | GeneralSecurityException e) {
      return null;
    }
  }

  private static boolean isFor(JWK jwk, JWSAlgorithm algorithm) {
    return jwk.getAlgorithm() == null || jwk.getAlgorithm().equals(algorithm);
  }

  boolean isSigner(JWSHeader header, byte[] input, Base64URL signature) {
    try {
      return verifier.verify(header, input, signature);
    } catch (JOSEException e) {
      return false;
    }
  }
}
