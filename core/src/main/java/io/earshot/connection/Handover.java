package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.access.TokenNumbers;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.User;
import io.earshot.room.Member;
import io.earshot.spi.Login;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A session that one connection hands over to another, which resumes it. Immutable.
 *
 * @param connection the connection that had the session; null if it was on another server
 * @param places its places in rooms, the current one first
 * @param params the params that the client had set; null for none
 * @param attributes the attributes that server code had set
 * @param identity who it is, by its login or its tokens for rooms; null without either
 * @param tokens the numbers of the tokens by which the session can be resumed from now on
 */
public record Handover(
    @Nullable Participant connection,
    List<FormerPlace> places,
    @Nullable Params params,
    Map<String, String> attributes,
    @Nullable TokenIdentity identity,
    TokenNumbers tokens) {

  /** The user that the session is logged in as; null for none. */
  public @Nullable User user() {
    Login login = login();
    return login == null ? null : login.user();
  }

  /** The login of the session; null without one. */
  public @Nullable Login login() {
    return identity == null ? null : identity.login();
  }

  /** Ends the session: the connection that was to resume it has ended meanwhile. */
  public void giveBack() {
    if (connection != null) {
      connection.tell(connection::endSilently);
    }
  }

  /**
   * A place of the session in a room.
   *
   * @param isIn whether the session is a member of the room
   * @param isListening whether it listens to the room
   * @param lost the place in the room; null if it was on another server
   * @param known up to where the client was sent the room, if that was on another server
   * @param listedIn the epoch of the list that has the member on another server; or null
   * @param grant the grant by which the session was admitted; null without a token
   */
  public record FormerPlace(
      String room,
      boolean isIn,
      boolean isListening,
      @Nullable Member lost,
      @Nullable Cursor known,
      @Nullable String listedIn,
      @Nullable Grant grant) {}
}
