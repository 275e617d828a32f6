package io.earshot.netty.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A certificate chain and its private key, read from PEM files.
 *
 * <p>Immutable.
 *
 * @param key the private key of the first certificate
 * @param chain the certificate, followed by those that sign it
 */
record Pem(PrivateKey key, List<X509Certificate> chain) {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END \\1PRIVATE KEY-----");

  /**
   * Reads a pair of files.
   *
   * @param section the section of the settings that name the files, such as {@code httpServer}
   * @throws IOException if they are no pair; the message names the setting
   */
  static Pem read(String section, String certFile, String keyFile) throws IOException {
    String certSetting = section + ".certFile";
    String keySetting = section + ".keyFile";
    List<X509Certificate> chain = chain(certSetting, certFile);
    PublicKey certified = chain.getFirst().getPublicKey();
    PrivateKey key = key(keySetting, keyFile, certified);
    if (!belong(key, certified)) {
      throw notOfCertificate(keySetting, keyFile);
    }
    return new Pem(key, chain);
  }

  private static List<X509Certificate> chain(String setting, String file) throws IOException {
    byte[] text = bytes(setting, file);
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(text))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (!chain.isEmpty()) {
        return chain;
      }
    } catch (CertificateException e) {
      // The message below is more helpful.
    }
    throw new IOException(
        setting + ": " + file + " has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  }

  private static PrivateKey key(String setting, String file, PublicKey certified)
      throws IOException {
    Matcher pem = KEY.matcher(new String(bytes(setting, file), StandardCharsets.ISO_8859_1));
    if (!pem.find()) {
      throw new IOException(
          setting + ": " + file + " has no private key in PEM (-----BEGIN PRIVATE KEY-----)");
    }
    if (!pem.group(1).isEmpty()) {
      throw new IOException(
          setting
              + ": "
              + file
              + " has a key in another form; make it one with: openssl pkcs8 -topk8 -nocrypt -in "
              + file
              + " -out NEW");
    }
    try {
      return KeyFactory.getInstance(certified.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.group(2))));
    } catch (InvalidKeySpecException e) {
      throw notOfCertificate(setting, file);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(setting + ": " + file + " has a key that is not understood here", e);
    }
  }

  private static IOException notOfCertificate(String setting, String file) {
    return new IOException(setting + ": the key in " + file + " is not that of the certificate");
  }

  /** Whether the public key verifies a signature of the private key. */
  private static boolean belong(PrivateKey key, PublicKey certified) {
    String algorithm =
        switch (certified.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> certified.getAlgorithm();
        };
    try {
      Signature signature = Signature.getInstance(algorithm);
      byte[] text = certified.getEncoded();
      signature.initSign(key);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(certified);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // the keys have different sizes or curves
    }
  }

  private static byte[] bytes(String setting, String file) throws IOException {
    if (file.isEmpty()) {
      throw new IOException(
          setting + " is not set; secure needs it (./earshot cert makes a pair for trying)");
    }
    try {
      return Files.readAllBytes(Path.of(file));
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new IOException(setting + ": there is no file " + file, e);
    } catch (AccessDeniedException e) {
      throw new IOException(setting + ": " + file + " may not be read by this user", e);
    } catch (IOException e) {
      throw new IOException(setting + ": " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
