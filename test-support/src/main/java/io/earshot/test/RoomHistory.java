package io.earshot.test;

import io.earshot.Api;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a room by the server's own history, including what it had before a restart.
 *
 * <p>Owned by the test's thread.
 */
final class RoomHistory {

  /**
   * A message.
   *
   * @param place its position
   * @param from the id of the sender
   * @param text the message, for error messages
   */
  record Said(Cursor place, String from, String text) {}

  private final String room;
  private final List<Said> all = new ArrayList<>();

  RoomHistory(String room) {
    this.room = room;
  }

  /** The messages, the earliest first; those of a former run of the server before the others. */
  List<Said> all() {
    return List.copyOf(all);
  }

  /** Reads what the server has in addition to what is known. */
  void read(Api api) {
    var newer = new ArrayList<Said>();
    Cursor before = null;
    Excerpt page;
    do {
      page = page(api, before);
      var some = page.parsed().stream().map(RoomHistory::said).filter(this::isNew).toList();
      newer.addAll(0, some);
      if (some.size() < page.messages().size() || some.isEmpty()) {
        break;
      }
      before = some.get(0).place();
    } while (Boolean.TRUE.equals(page.more()));
    all.addAll(newer);
  }

  private boolean isNew(Said said) {
    Said last = all.isEmpty() ? null : all.get(all.size() - 1);
    return last == null
        || !last.place().epoch().equals(said.place().epoch())
        || said.place().offset() > last.place().offset();
  }

  private Excerpt page(Api api, @Nullable Cursor before) {
    try {
      return api.chatRoom()
          .history(room, before, Start.MAX_HISTORY)
          .toCompletableFuture()
          .get(Heard.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the server does not tell the history of " + room, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static Said said(Json.Obj message) {
    String epoch = text(message.get("epoch"));
    Json said = message.get("message");
    return new Said(
        new Cursor(epoch, Long.parseLong(text(message.get("offset")))),
        text(message.get("from")),
        text(said));
  }

  private static String text(@Nullable Json value) {
    return value == null ? "" : String.valueOf(value.asText());
  }
}
