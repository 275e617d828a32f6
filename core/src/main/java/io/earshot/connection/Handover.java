package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.protocol.Cursor;
import io.earshot.room.Member;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client was, for whoever it is now. Immutable.
 *
 * @param connection who it was, if that was on this server
 * @param places its places in rooms, the current one first
 * @param known who it was by its tokens, and until when; null if they do not say
 */
public record Handover(
    @Nullable Participant connection,
    List<Former> places,
    @Nullable Params params,
    Map<String, String> attributes,
    Participant.@Nullable Known known) {

  /** Gives it back unused: whoever was to be it is gone. */
  public void giveBack() {
    if (connection != null) {
      connection.tell(connection::leaveForGood);
    }
  }

  /**
   * A place that it had in a room.
   *
   * @param lost its place, if it was on this server
   * @param known up to where it knows the room, if it was on another
   * @param grant what the token allows by which it was there; null without one
   */
  public record Former(
      String room,
      boolean isIn,
      boolean isListening,
      @Nullable Member lost,
      @Nullable Cursor known,
      @Nullable Grant grant) {}
}
