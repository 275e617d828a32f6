package io.earshot.token;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.text.ParseException;
import org.jspecify.annotations.Nullable;

/**
 * A token that was read, and whose signature is not verified yet.
 *
 * <p>Immutable.
 */
public final class SignedToken {
  /** The longest token that is read, in characters. */
  public static final int LONGEST = 8192;

  private static final String MALFORMED = "this token is not valid: it is not a signed JWT";

  private final SignedJWT jwt;
  private final Json.Obj claims;

  private SignedToken(SignedJWT jwt, Json.Obj claims) {
    this.jwt = jwt;
    this.claims = claims;
  }

  /**
   * Reads a token.
   *
   * @throws InvalidTokenException if it is too long, malformed, encrypted or not signed
   */
  public static SignedToken parse(String token) throws InvalidTokenException {
    if (token.length() > LONGEST) {
      throw new InvalidTokenException(
          "this token is not valid: it has "
              + token.length()
              + " characters, and at most "
              + LONGEST
              + " are read");
    }
    JWT jwt;
    try {
      jwt = JWTParser.parse(token);
    } catch (ParseException | IllegalArgumentException e) {
      throw new InvalidTokenException(MALFORMED);
    }
    if (jwt instanceof PlainJWT) {
      throw new InvalidTokenException("this token is not valid: it is not signed (alg: none)");
    }
    if (!(jwt instanceof SignedJWT signed)) {
      throw new InvalidTokenException("this token is not valid: it is encrypted");
    }
    if (signed.getHeader().getCriticalParams() != null) {
      throw new InvalidTokenException(
          "this token is not valid: it needs an extension that this server does not have (crit)");
    }
    return new SignedToken(signed, claims(signed));
  }

  private static Json.Obj claims(SignedJWT signed) throws InvalidTokenException {
    try {
      if (Json.parse(signed.getPayload().toString()) instanceof Json.Obj object) {
        return object;
      }
    } catch (MalformedJsonException e) {
      // as a payload that is not an object
    }
    throw new InvalidTokenException("this token is not valid: its claims are not a JSON object");
  }

  /**
   * Whether the token is one for rooms, as {@code PrivateRoom.token} makes them, and not one that
   * says who the client is. It is read without a key, and decides only which check follows.
   */
  public boolean isForRoom() {
    return claims.get("room") != null;
  }

  /** What a text is that a client shows. */
  public enum Kind {
    /** A token that says who the client is. */
    LOGIN,
    /** A token for rooms. */
    ROOM,
    /** No signed token. */
    NEITHER
  }

  /** What a text is. Its signature is not looked at. */
  public static Kind kind(String text) {
    try {
      return parse(text).isForRoom() ? Kind.ROOM : Kind.LOGIN;
    } catch (InvalidTokenException e) {
      return Kind.NEITHER;
    }
  }

  /** The id of the key that the token names; null if it names none. */
  @Nullable String keyId() {
    return header().getKeyID();
  }

  JWSAlgorithm algorithm() {
    return header().getAlgorithm();
  }

  JWSHeader header() {
    return jwt.getHeader();
  }

  boolean isSignedBy(TokenKey key) {
    return key.isSigner(jwt.getHeader(), jwt.getSigningInput(), jwt.getSignature());
  }

  /** The claims, which are only worth something if the signature is verified. */
  Json.Obj unverifiedClaims() {
    return claims;
  }
}
