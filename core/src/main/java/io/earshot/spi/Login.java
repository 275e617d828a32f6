package io.earshot.spi;

import io.earshot.protocol.User;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The login of a client: who it is, by a token or by a hook.
 *
 * <p>Immutable.
 *
 * @param subject the id of the user in the client's tokens; a later token has to name the same
 * @param user the user that others see
 * @param attributes the attributes that the login sets on the connection, and takes with it
 * @param until when it ends, in milliseconds since 1970; {@link Long#MAX_VALUE} for no end
 * @param isByHook whether a hook chose the user, so that a newer token does not change it
 */
public record Login(
    String subject, User user, Map<String, String> attributes, long until, boolean isByHook) {

  /** The name of the attribute with the id of the user. */
  public static final String USER = "user";

  /** Copies the map. */
  public Login {
    attributes = Map.copyOf(attributes);
  }

  /**
   * A login by a hook alone.
   *
   * @param user the user
   * @return a login without an end
   */
  public static Login of(User user) {
    return new Login(user.id(), user, named(user, Map.of()), Long.MAX_VALUE, true);
  }

  /**
   * The attributes that a login sets.
   *
   * @param user the user
   * @param more attributes by claims
   * @return these, and the id of the user as {@code user} and {@code identity}
   */
  public static Map<String, String> named(User user, Map<String, String> more) {
    var all = new LinkedHashMap<>(more);
    all.put(USER, user.id());
    all.put("identity", user.id());
    return all;
  }

  /**
   * This login with another user, which a hook chose.
   *
   * @param other the user
   * @return the login
   */
  public Login as(User other) {
    return new Login(subject, other, named(other, attributes), until, true);
  }

  /**
   * This login after a newer token of the same subject. It does not end earlier than before.
   *
   * @param newer the login by the newer token
   * @return the login
   */
  public Login renewedBy(Login newer) {
    long later = Math.max(until, newer.until);
    return isByHook && !newer.isByHook
        ? new Login(subject, user, named(user, newer.attributes), later, true)
        : new Login(subject, newer.user, newer.attributes, later, newer.isByHook);
  }
}
