package io.earshot.config;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.stream.Collectors.joining;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
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
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;

/**
 * A certificate chain and its private key, read from PEM files. One file may hold both, in any
 * order.
 *
 * <p>Immutable.
 *
 * @param key the private key of the first certificate
 * @param chain the certificate, followed by those that sign it
 */
public record Pem(PrivateKey key, List<X509Certificate> chain) {
  private static final String TRY = " (./earshot cert makes a pair for trying)";
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END \\1PRIVATE KEY-----");
  private static final Pattern CERTIFICATE =
      Pattern.compile(
          "-----BEGIN (?:X509 )?CERTIFICATE-----[^-]*-----END (?:X509 )?CERTIFICATE-----");

  /**
   * Reads a certificate with its chain and its key.
   *
   * @param section the section of the settings {@code certFile} and {@code keyFile}, such as {@code
   *     httpServer}
   * @param keyFile the file with the key; empty: the file of the certificate has the key, too
   * @throws SettingFileException if they are no pair; the message names the setting
   */
  public static Pem read(String section, String certFile, String keyFile)
      throws SettingFileException {
    String certSetting = section + ".certFile";
    String keySetting = section + ".keyFile";
    List<X509Certificate> chain = certificates(certSetting, certFile);
    PublicKey certified = chain.getFirst().getPublicKey();
    boolean isCombined = keyFile.isEmpty() && KEY.matcher(text(certSetting, certFile)).find();
    if (keyFile.isEmpty() && !isCombined) {
      throw new SettingFileException(
          keySetting + " is not set; secure needs it, or a private key in " + certSetting + TRY);
    }
    PrivateKey key =
        isCombined ? key(certSetting, certFile, certified) : key(keySetting, keyFile, certified);
    if (!belong(key, certified)) {
      throw notOfCertificate(
          isCombined ? certSetting : keySetting, isCombined ? certFile : keyFile);
    }
    return new Pem(key, chain);
  }

  /**
   * The key and the chain for a TLS context. They are not in a PKCS12 store, as Netty would put
   * them: it encrypts the key with 10,000 rounds of a hash, for a store that never leaves the
   * memory.
   */
  public KeyManagerFactory keyManagers() {
    try {
      char[] password = new char[0];
      KeyStore store = KeyStore.getInstance("JKS");
      store.load(null, password);
      store.setKeyEntry("key", key, password, chain.toArray(X509Certificate[]::new));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(store, password);
      return factory;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("a key store in memory failed", e);
    }
  }

  /**
   * Reads certificates.
   *
   * @param setting the setting that names the file, such as {@code redis.caFile}
   * @return at least one, in the order of the file
   * @throws SettingFileException if the file has none; the message names the setting
   */
  public static List<X509Certificate> certificates(String setting, String file)
      throws SettingFileException {
    String text = text(setting, file);
    // The factory does not read past a key. A file without PEM is left to it as it is.
    String pem =
        CERTIFICATE
            .matcher(text)
            .results()
            .map(MatchResult::group)
            .collect(joining("\n", "", "\n"));
    byte[] bytes = (pem.isBlank() ? text : pem).getBytes(ISO_8859_1);
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(bytes))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (!chain.isEmpty()) {
        return chain;
      }
    } catch (CertificateException e) {
      // The message below is more helpful.
    }
    throw new SettingFileException(
        setting + ": " + file + " has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  }

  private static PrivateKey key(String setting, String file, PublicKey certified)
      throws SettingFileException {
    Matcher pem = KEY.matcher(text(setting, file));
    if (!pem.find()) {
      throw new SettingFileException(
          setting + ": " + file + " has no private key in PEM (-----BEGIN PRIVATE KEY-----)");
    }
    if (!pem.group(1).isEmpty()) {
      throw new SettingFileException(
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
      throw new SettingFileException(
          setting + ": " + file + " has a key that is not understood here", e);
    }
  }

  private static SettingFileException notOfCertificate(String setting, String file) {
    return new SettingFileException(
        setting + ": the key in " + file + " is not that of the certificate");
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

  private static String text(String setting, String file) throws SettingFileException {
    if (file.isEmpty()) {
      throw new SettingFileException(setting + " is not set; secure needs it" + TRY);
    }
    try {
      return Files.readString(Path.of(file), ISO_8859_1);
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new SettingFileException(setting + ": there is no file " + file, e);
    } catch (AccessDeniedException e) {
      throw new SettingFileException(setting + ": " + file + " may not be read by this user", e);
    } catch (IOException e) {
      throw new SettingFileException(
          setting + ": " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
