package io.earshot.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.impl.BaseJWSProvider;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Signatures by Ed25519 (RFC 8037), made and verified by the JDK. The library's own classes for
 * them need another library.
 *
 * <p>Thread-safe: final fields.
 */
final class Ed25519 extends BaseJWSProvider implements JWSSigner, JWSVerifier {
  private static final String ALGORITHM = "Ed25519";
  private static final int LENGTH = 64;

  /** What stands before the 32 bytes of a public key in its X.509 form. */
  private static final byte[] X509_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final int KEY_LENGTH = 32;

  private final PublicKey publicKey;
  private final @Nullable PrivateKey privateKey;

  Ed25519(PublicKey publicKey, @Nullable PrivateKey privateKey) {
    super(Set.of(JWSAlgorithm.EdDSA));
    this.publicKey = publicKey;
    this.privateKey = privateKey;
  }

  /**
   * The public key of a JSON Web Key.
   *
   * @param x the bytes of its field {@code x}
   * @throws GeneralSecurityException if they are no key
   */
  static PublicKey publicKey(byte[] x) throws GeneralSecurityException {
    if (x.length != KEY_LENGTH) {
      throw new GeneralSecurityException("a key of Ed25519 has 32 bytes");
    }
    byte[] encoded = new byte[X509_PREFIX.length + KEY_LENGTH];
    System.arraycopy(X509_PREFIX, 0, encoded, 0, X509_PREFIX.length);
    System.arraycopy(x, 0, encoded, X509_PREFIX.length, KEY_LENGTH);
    return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded));
  }

  @Override
  public Base64URL sign(JWSHeader header, byte[] input) throws JOSEException {
    try {
      Signature signing = Signature.getInstance(ALGORITHM);
      signing.initSign(privateKey);
      signing.update(input);
      return Base64URL.encode(signing.sign());
    } catch (GeneralSecurityException e) {
      throw new JOSEException("Ed25519 cannot sign", e);
    }
  }

  @Override
  public boolean verify(JWSHeader header, byte[] input, Base64URL signature) throws JOSEException {
    byte[] bytes = signature.decode();
    try {
      Signature checking = Signature.getInstance(ALGORITHM);
      checking.initVerify(publicKey);
      checking.update(input);
      return bytes.length == LENGTH && checking.verify(bytes);
    } catch (GeneralSecurityException e) {
      throw new JOSEException("Ed25519 cannot verify", e);
    }
  }
}
