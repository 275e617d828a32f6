package io.earshot.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the setting {@code tokens.keys}. They sign and verify JSON Web Tokens (RFC 7519) with
 * HS256 (RFC 7518) or EdDSA over Ed25519 (RFC 8037). A token names its key; the algorithm is that
 * of the key, so that a token cannot choose a weaker one.
 *
 * <p>Immutable.
 */
public final class TokenKeys {
  /** The longest token that is looked at, in characters. */
  private static final int LONGEST = 4096;

  static final int SHORTEST_SECRET = 32;
  private static final String HMAC = "HmacSHA256";
  private static final Pattern PEM =
      Pattern.compile(
          "-----BEGIN (PRIVATE|PUBLIC) KEY-----([A-Za-z0-9+/=\\s]+)-----END \\1 KEY-----");
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private final List<Key> keys;

  /** One key. */
  private sealed interface Key {
    String id();

    String algorithm();

    /** The signature of a text; null if this key can only verify. */
    byte @Nullable [] sign(byte[] text) throws GeneralSecurityException;

    boolean isSignedBy(byte[] text, byte[] signature) throws GeneralSecurityException;
  }

  /** A secret for HS256. */
  private record Secret(String id, SecretKeySpec key) implements Key {
    @Override
    public String algorithm() {
      return "HS256";
    }

    @Override
    public byte[] sign(byte[] text) throws GeneralSecurityException {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(key);
      return mac.doFinal(text);
    }

    @Override
    public boolean isSignedBy(byte[] text, byte[] signature) throws GeneralSecurityException {
      return MessageDigest.isEqual(sign(text), signature);
    }
  }

  /** A key pair for EdDSA; without its private half it can only verify. */
  private record Pair(String id, PublicKey publicKey, @Nullable PrivateKey privateKey)
      implements Key {
    @Override
    public String algorithm() {
      return "EdDSA";
    }

    @Override
    public byte @Nullable [] sign(byte[] text) throws GeneralSecurityException {
      if (privateKey == null) {
        return null;
      }
      Signature signing = Signature.getInstance("Ed25519");
      signing.initSign(privateKey);
      signing.update(text);
      return signing.sign();
    }

    @Override
    public boolean isSignedBy(byte[] text, byte[] signature) throws GeneralSecurityException {
      Signature checking = Signature.getInstance("Ed25519");
      checking.initVerify(publicKey);
      checking.update(text);
      return signature.length == 64 && checking.verify(signature);
    }
  }

  /**
   * Reads keys.
   *
   * @param lines the setting {@code tokens.keys}
   * @param secret the text from which to derive a key if there are no lines. If it is short, the
   *     key is random instead, and only this process knows it
   * @throws IllegalArgumentException if a line is not a key; the message says what to write
   */
  public TokenKeys(List<String> lines, String secret) {
    var all = new ArrayList<Key>();
    for (String line : lines) {
      Key key = key(line);
      if (all.stream().anyMatch(other -> other.id().equals(key.id()))) {
        throw wrong("two keys have the id " + key.id());
      }
      all.add(key);
    }
    keys = all.isEmpty() ? List.of(ownKey(secret)) : List.copyOf(all);
  }

  private static Key ownKey(String secret) {
    byte[] bytes = ("token " + secret).getBytes(UTF_8);
    if (secret.length() < SHORTEST_SECRET) {
      // The owner of a token could find a short secret by trying.
      bytes = new byte[SHORTEST_SECRET];
      new SecureRandom().nextBytes(bytes);
    }
    return new Secret("own", new SecretKeySpec(bytes, HMAC));
  }

  private static IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException(
        "tokens.keys: "
            + why
            + "; write each as ID HS256 SECRET (at least 32 characters), or ID EdDSA FILE (PEM)");
  }

  private static Key key(String line) {
    List<String> words = Arrays.asList(line.strip().split("\\s+", 3));
    if (words.size() != 3 || !words.getFirst().matches("[A-Za-z0-9._-]{1,64}")) {
      throw wrong("a key has an id, a kind, and a value"); // without the line, which is secret
    }
    String id = words.getFirst();
    return switch (words.get(1)) {
      case "HS256" -> {
        byte[] secret = words.get(2).getBytes(UTF_8);
        if (secret.length < SHORTEST_SECRET) {
          throw wrong("the secret of " + id + " is too short");
        }
        yield new Secret(id, new SecretKeySpec(secret, HMAC));
      }
      case "EdDSA" -> pair(id, words.get(2));
      default -> throw wrong("the kind of " + id + " is neither HS256 nor EdDSA");
    };
  }

  private static Key pair(String id, String file) {
    try {
      PublicKey publicKey = null;
      PrivateKey privateKey = null;
      KeyFactory factory = KeyFactory.getInstance("Ed25519");
      for (Matcher pem = PEM.matcher(Files.readString(Path.of(file))); pem.find(); ) {
        byte[] bytes = Base64.getMimeDecoder().decode(pem.group(2));
        if (pem.group(1).equals("PUBLIC")) {
          publicKey = factory.generatePublic(new X509EncodedKeySpec(bytes));
        } else {
          privateKey = factory.generatePrivate(new PKCS8EncodedKeySpec(bytes));
        }
      }
      if (publicKey == null) {
        throw wrong(file + " has no public key, which is needed to verify and to sign");
      }
      return new Pair(id, publicKey, privateKey);
    } catch (IOException | InvalidPathException | GeneralSecurityException e) {
      throw wrong(file + " cannot be used: " + e.getClass().getSimpleName() + " " + e.getMessage());
    }
  }

  /**
   * Makes a token, signed with the first key that can sign.
   *
   * @param claims the claims of the token
   * @throws IllegalStateException if no key can sign
   */
  public String sign(Map<String, Object> claims) {
    for (Key key : keys) {
      String text = part(header(key)) + "." + part(claims);
      try {
        byte[] signature = key.sign(text.getBytes(UTF_8));
        if (signature != null) {
          return text + "." + ENCODER.encodeToString(signature);
        }
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("the key " + key.id() + " cannot sign", e);
      }
    }
    throw new IllegalStateException("no key of tokens.keys can sign: each has only a public key");
  }

  private static Map<String, Object> header(Key key) {
    var header = new LinkedHashMap<String, Object>();
    header.put("alg", key.algorithm());
    header.put("kid", key.id());
    header.put("typ", "JWT");
    return header;
  }

  private static String part(Map<String, Object> fields) {
    return ENCODER.encodeToString(Json.from(fields).encode());
  }

  /** The claims of a token; null if the token is not signed with one of these keys. */
  public Json.@Nullable Obj claims(String token) {
    String[] parts = token.length() > LONGEST ? new String[0] : token.split("\\.", -1);
    if (parts.length != 3) {
      return null;
    }
    try {
      Json.Obj header = object(parts[0]);
      Key key = key(header);
      byte[] signed = (parts[0] + "." + parts[1]).getBytes(UTF_8);
      return key != null && key.isSignedBy(signed, Base64.getUrlDecoder().decode(parts[2]))
          ? object(parts[1])
          : null;
    } catch (MalformedJsonException | IllegalArgumentException | GeneralSecurityException e) {
      return null;
    }
  }

  private @Nullable Key key(Json.Obj header) {
    if (header.get("crit") != null) {
      return null; // an extension that this server does not know
    }
    for (Key key : keys) {
      if (Json.of(key.id()).equals(header.get("kid"))) {
        return Json.of(key.algorithm()).equals(header.get("alg")) ? key : null;
      }
    }
    return null;
  }

  private static Json.Obj object(String part) throws MalformedJsonException {
    byte[] bytes = Base64.getUrlDecoder().decode(part);
    if (Json.parse(new String(bytes, UTF_8)) instanceof Json.Obj object) {
      return object;
    }
    throw new IllegalArgumentException("not a JSON object");
  }
}
