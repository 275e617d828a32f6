package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.protocol.Cursor;
import io.earshot.room.Member;
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
 * @param known its identity by tokens; null without one
 */
public record Handover(
    @Nullable Participant connection,
    List<FormerPlace> places,
    @Nullable Params params,
    Map<String, String> attributes,
    Participant.@Nullable Known known) {

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
   * @param grant the grant by which the session was admitted; null without a token
   */
  public record FormerPlace(
      String room,
      boolean isIn,
      boolean isListening,
      @Nullable Member lost,
      @Nullable Cursor known,
      @Nullable Grant grant) {}
}
