package io.earshot.archive;

import io.earshot.history.History;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.spi.Archive;
import io.earshot.spi.BrokerException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads earlier messages of rooms. The room's memory is asked first, on the room's event loop; the
 * archive only where the memory has no more, and never on a loop.
 *
 * <p>Thread-safe: a volatile archive, which is set before the first connection.
 */
public final class ArchiveReader {
  private static final System.Logger LOG = System.getLogger(ArchiveReader.class.getName());
  private static final String AWAY = "earlier messages cannot be read now; try again later";

  private final Rooms rooms;
  private volatile @Nullable Archive archive;

  /**
   * What to read.
   *
   * @param before the position before which the messages are; null for the newest messages
   * @param limit the largest number of messages
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   * @param isFor whether the reader may see a message of the room's memory
   */
  public record Request(
      String room, @Nullable Cursor before, int limit, int bytes, Predicate<History.Entry> isFor) {}

  /**
   * What the memory of a room has.
   *
   * @param forgotten the last position whose message it has forgotten; null for none
   */
  private record Remembered(EarlierPage page, @Nullable Cursor forgotten) {}

  /** A reader without an archive. */
  public ArchiveReader(Rooms rooms) {
    this.rooms = rooms;
  }

  /** Reads from an archive from now on. Called before the first connection. */
  public void use(Archive other) {
    archive = other;
  }

  /** Whether there may be more messages of a room than the room remembers. */
  public boolean isFor(String room) {
    Archive from = archive;
    return from != null && from.keeps(room);
  }

  /**
   * Reads the newest earlier messages that somebody said, before a position.
   *
   * @return the messages, completed on any thread. If the archive cannot be read, those of the
   *     room's memory, with {@code more}; failed with a {@link BrokerException} if it has none
   */
  public CompletableFuture<EarlierPage> read(Request asked) {
    var answer = new CompletableFuture<EarlierPage>();
    Shard there = rooms.shard(asked.room);
    there.tell(() -> there.whenKnown(asked.room, asked.before, () -> read(there, asked, answer)));
    return answer;
  }

  /**
   * Reads what a client is to receive that enters a room, if the room itself may remember too
   * little.
   *
   * @return the messages, completed on any thread; null if they are not needed. Failed as {@link
   *     #read} says
   */
  public CompletableFuture<@Nullable EarlierPage> readForEntry(
      String room, Start start, int bytes, Predicate<History.Entry> isFor) {
    var answer = new CompletableFuture<@Nullable EarlierPage>();
    Shard there = rooms.shard(room);
    there.tell(
        () ->
            there.whenKnown(
                room,
                start.after(),
                () -> {
                  Room known = there.roomIfAny(room);
                  if (known == null || known.log().needsHistory(start, there.elapsed())) {
                    read(there, new Request(room, null, start.history(), bytes, isFor), answer);
                  } else {
                    answer.complete(null);
                    there.closeIfEmpty(room);
                  }
                }));
    return answer;
  }

  /** Reads on the room's loop. */
  private void read(
      Shard there, Request asked, CompletableFuture<? super @Nullable EarlierPage> answer) {
    Remembered found = remembered(there, asked);
    there.closeIfEmpty(asked.room);
    if (found.page.more() || !isFor(asked.room)) {
      answer.complete(found.page);
      return;
    }
    var unused =
        archived(found, asked)
            .whenComplete(
                (older, failure) -> {
                  if (older != null) {
                    answer.complete(joined(older, found.page, asked));
                  } else {
                    LOG.log(Level.DEBUG, "the archive cannot be read", failure);
                    away(found.page, answer);
                  }
                });
  }

  private static Remembered remembered(Shard there, Request asked) {
    Room room = there.roomIfAny(asked.room);
    if (room == null) {
      return new Remembered(new EarlierPage(List.of(), null, false), null);
    }
    long now = there.elapsed();
    History.Page page = room.log().before(asked.before, asked.limit, asked.bytes, now, asked.isFor);
    return new Remembered(
        new EarlierPage(page.messages(), room.end(), page.more()), room.log().forgotten(now));
  }

  private CompletionStage<Archive.Page> archived(Remembered found, Request asked) {
    Archive from = archive;
    if (from == null) {
      return CompletableFuture.completedStage(new Archive.Page(List.of(), false));
    }
    List<StoredMessage> messages = found.page.messages();
    try {
      return from.before(
          new Archive.Question(
              asked.room,
              messages.isEmpty() ? asked.before : messages.getFirst().place(),
              found.page.end(),
              found.forgotten,
              Math.max(1, asked.limit - messages.size()), // one tells whether there are more
              Math.max(1, asked.bytes - found.page.bytes())));
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private static EarlierPage joined(Archive.Page older, EarlierPage newer, Request asked) {
    int room = asked.limit - newer.messages().size();
    int bytes = asked.bytes - newer.bytes();
    var all = new ArrayList<StoredMessage>();
    for (Archive.Message each : older.messages()) {
      all.add(new StoredMessage(each.json(), each.place()));
    }
    boolean more = older.more();
    while (!all.isEmpty()
        && (all.size() > room
            || (EarlierPage.bytes(all) > bytes
                && (all.size() > 1 || !newer.messages().isEmpty())))) {
      all.removeFirst();
      more = true;
    }
    all.addAll(newer.messages());
    return new EarlierPage(List.copyOf(all), newer.end(), more);
  }

  private static void away(
      EarlierPage found, CompletableFuture<? super @Nullable EarlierPage> answer) {
    if (found.messages().isEmpty()) {
      answer.completeExceptionally(new BrokerException(AWAY, false));
    } else {
      answer.complete(new EarlierPage(found.messages(), found.end(), true));
    }
  }
}
