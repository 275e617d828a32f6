package io.earshot.archive;

import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.Start;
import io.earshot.room.Member;
import io.earshot.room.Room;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The earlier messages that a client receives as it enters a room, where the room remembers fewer
 * than the client asked for. They are read before the client enters; as it does, the room gives the
 * messages that it remembers then, and those before them are taken from here.
 *
 * <p>Immutable.
 */
public final class EntryHistory {
  private static final EntryHistory NONE = new EntryHistory(null, 0, 0);

  private final @Nullable EarlierPage page;
  private final int limit;
  private final int bytes;

  private EntryHistory(@Nullable EarlierPage page, int limit, int bytes) {
    this.page = page;
    this.limit = limit;
    this.bytes = bytes;
  }

  /**
   * Reads what a client may need as it enters a room. A room that remembers no messages at all
   * ({@code historyMessages=0}) has none for a client that enters: those between the archive and
   * the entry would be missing.
   *
   * @param bytes the most bytes of all messages together
   * @param then called on the connection's loop: at once if the archive is not needed
   */
  public static void read(
      ArchiveReader archive, Member member, Start start, int bytes, Consumer<EntryHistory> then) {
    if (start.history() == 0 || member.rule.historyMessages() == 0 || !archive.isFor(member.room)) {
      then.accept(NONE);
      return;
    }
    var unused =
        archive
            .readForEntry(member.room, start, bytes, member.connection::mayRead)
            .handle((page, failure) -> new EntryHistory(page, start.history(), bytes))
            .thenAccept(history -> member.connection.tell(() -> then.accept(history)));
  }

  /** Whether the client had to wait for the archive. */
  public boolean wasAwaited() {
    return this != NONE;
  }

  /** The arrival of the client in the room, with the messages that the room did not remember. */
  public Room.Arrival addTo(Room.Arrival arrival) {
    Integer given = arrival.heard().history();
    if (page == null || given == null || given >= limit) {
      return arrival;
    }
    List<StoredMessage> newer = arrival.missed().subList(0, given);
    List<StoredMessage> older = before(newer, arrival.heard().cursor());
    int count = fitting(older, limit - given, bytes - EarlierPage.bytes(newer));
    if (count == 0) {
      return arrival;
    }
    var all = new ArrayList<>(older.subList(older.size() - count, older.size()));
    all.addAll(arrival.missed());
    Received heard = arrival.heard();
    return new Room.Arrival(
        new Received(heard.room(), heard.cursor(), heard.recovered(), given + count), all);
  }

  /**
   * The messages of the page that come before those of the room. None if the room has forgotten
   * messages since the page was read that are in neither.
   */
  private List<StoredMessage> before(List<StoredMessage> newer, @Nullable Cursor entered) {
    EarlierPage read = page;
    if (read == null) {
      return List.of();
    }
    List<StoredMessage> all = read.messages();
    Cursor first =
        !newer.isEmpty()
            ? newer.getFirst().place()
            : entered == null ? null : new Cursor(entered.epoch(), entered.offset() + 1);
    Cursor end = read.end();
    if (first == null) {
      return all;
    }
    if (!newer.isEmpty()
        && end != null
        && (!end.epoch().equals(first.epoch()) || end.offset() < first.offset() - 1)) {
      return List.of();
    }
    int size = 0;
    while (size < all.size() && !isFrom(all.get(size).place(), first)) {
      size++;
    }
    return all.subList(0, size);
  }

  private static boolean isFrom(Cursor place, Cursor first) {
    return place.epoch().equals(first.epoch()) && place.offset() >= first.offset();
  }

  /** How many of the last messages fit. */
  private static int fitting(List<StoredMessage> messages, int most, int bytes) {
    int count = 0;
    int left = bytes;
    for (StoredMessage each : messages.reversed()) {
      left -= each.json().length + 1;
      if (count == most || left < 0) {
        break;
      }
      count++;
    }
    return count;
  }
}
