package io.earshot.token;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.util.Base64URL;
import io.earshot.config.ServerSecret;
import io.earshot.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the setting {@code tokens.keys}. They sign and verify JSON Web Tokens (RFC 7519) with
 * HS256, RS256 or ES256 (RFC 7518), or EdDSA over Ed25519 (RFC 8037).
 *
 * <p>Thread-safe: final fields, and a secret that is thread-safe.
 */
public final class TokenKeys {
  /** The longest id that messages show, in characters. */
  private static final int LONGEST_SHOWN = 12;

  private static final Pattern PEM =
      Pattern.compile(
          "-----BEGIN (PRIVATE|PUBLIC) KEY-----([A-Za-z0-9+/=\\s]+)-----END \\1 KEY-----");

  /** PEM, or what stands between its lines, in the place of a file's name. */
  private static final Pattern PASTED_KEY = Pattern.compile("-----BEGIN|^M[A-Za-z0-9+/=]{40,}$");

  /** The keys of the setting; null if there are none, and so those of the server's secret. */
  private final @Nullable KeySet configured;

  private final ServerSecret secret;

  /**
   * Reads keys.
   *
   * @param lines the setting {@code tokens.keys}
   * @param secret the text from which to derive a key if there are no lines. If it is short, the
   *     key is random instead, and only this process knows it
   * @throws IllegalArgumentException if a line is not a key; the message says what to write
   */
  public TokenKeys(List<String> lines, String secret) {
    this(lines, new ServerSecret(secret));
  }

  /**
   * Reads keys.
   *
   * @param lines the setting {@code tokens.keys}
   * @param secret the secret from which to derive a key if there are no lines
   * @throws IllegalArgumentException if a line is not a key; the message says what to write
   */
  public TokenKeys(List<String> lines, ServerSecret secret) {
    var all = new LinkedHashMap<String, TokenKey>();
    for (String line : lines) {
      int number = all.size() + 1;
      List<String> words = Arrays.asList(line.strip().split("\\s+", 3));
      if (words.size() != 3 || !words.getFirst().matches("[A-Za-z0-9._-]{1,64}")) {
        throw wrong("a key has an id, a kind, and a value");
      }
      String id = words.getFirst();
      if (all.put(id, key(id, words.get(1), words.get(2), number)) != null) {
        throw wrong("two keys have the id " + shown(id, number));
      }
    }
    this.configured = all.isEmpty() ? null : new KeySet(List.copyOf(all.values()));
    this.secret = secret;
  }

  /** The keys as they are now; the key of a shared secret may change. */
  public KeySet now() {
    return configured != null
        ? configured
        : new KeySet(
            secret.allLong().stream()
                .map(each -> TokenKey.ofSecret("own", ("token " + each).getBytes(UTF_8)))
                .toList());
  }

  private static IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException(
        "tokens.keys: "
            + why
            + "; write each as ID HS256 SECRET (at least 32 characters), or ID KIND FILE (PEM) with"
            + " the kind RS256, ES256 or EdDSA");
  }

  /**
   * The id for a message; if the words of a key are in the wrong order, the id may be the secret.
   */
  private static String shown(String id, int number) {
    return id.length() <= LONGEST_SHOWN ? id : "key " + number;
  }

  private static TokenKey key(String id, String kind, String value, int number) {
    return switch (kind) {
      case "HS256" -> {
        byte[] secret = value.getBytes(UTF_8);
        if (secret.length < ServerSecret.SHORTEST_FOR_TOKENS) {
          throw wrong("the secret of " + shown(id, number) + " is too short");
        }
        yield TokenKey.ofSecret(id, secret);
      }
      case "RS256" -> pair(id, JWSAlgorithm.RS256, "RSA", value, number);
      case "ES256" -> pair(id, JWSAlgorithm.ES256, "EC", value, number);
      case "EdDSA" -> pair(id, JWSAlgorithm.EdDSA, "Ed25519", value, number);
      default ->
          throw wrong(
              "the kind of " + shown(id, number) + " is none of HS256, RS256, ES256 and EdDSA");
    };
  }

  private static TokenKey pair(
      String id, JWSAlgorithm algorithm, String kind, String file, int number) {
    if (PASTED_KEY.matcher(file).find()) {
      throw wrong("key " + number + " has the key itself in the place of its file");
    }
    try {
      PublicKey publicKey = null;
      PrivateKey privateKey = null;
      KeyFactory factory = KeyFactory.getInstance(kind);
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
      return TokenKey.ofPair(id, algorithm, publicKey, privateKey);
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
    TokenKey key = now().signer();
    if (key == null || key.signer() == null) {
      throw new IllegalStateException("no key of tokens.keys can sign: each has only a public key");
    }
    var header = new LinkedHashMap<String, Object>();
    header.put("alg", key.algorithm().getName());
    header.put("kid", key.id());
    header.put("typ", "JWT");
    try {
      var token =
          new JWSObject(
              JWSHeader.parse(Base64URL.encode(Json.from(header).encode())),
              new Payload(Json.from(claims).encode()));
      token.sign(key.signer());
      return token.serialize();
    } catch (ParseException | JOSEException e) {
      throw new IllegalStateException("the key " + key.id() + " cannot sign", e);
    }
  }
}
