package io.earshot.session;

import static io.earshot.session.JsonLines.cursor;
import static io.earshot.session.JsonLines.parsed;
import static io.earshot.session.JsonLines.text;
import static io.earshot.session.ResumeSimulation.HISTORY_AGE;
import static io.earshot.session.ResumeSimulation.WITNESSED;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the rooms of a run sent, put together from the lines of all connections, and the
 * claims of the clients that are checked against it.
 *
 * <p>The record is complete for the rooms that a witness listens to.
 */
final class RoomRecord {
  private final int historyMessages;
  private boolean aged;

  /** The messages by place and room. */
  private final Map<Cursor, Map<String, Message>> messages = new HashMap<>();

  private final List<Silence> silences = new ArrayList<>();
  private final List<NotRecovered> notRecovered = new ArrayList<>();

  /** The places that answers named, by the text that was said. */
  private final Map<String, Cursor> answers = new HashMap<>();

  /**
   * An empty record.
   *
   * @param historyMessages how many messages a room keeps for clients that come back, at least
   */
  RoomRecord(int historyMessages) {
    this.historyMessages = historyMessages;
  }

  private record Message(String text, String from, long sentAt) {
    boolean isFor(String id, Set<String> groups) {
      return !from.equals(id) && isAimedAt(text, groups);
    }

    boolean isSaid() {
      return !text.startsWith("I have ");
    }
  }

  /** Whether a text is for all members, or for one of some groups. */
  static boolean isAimedAt(String text, Set<String> groups) {
    int aimed = text.indexOf(" to ");
    return aimed < 0 || groups.contains(text.substring(aimed + 4));
  }

  /**
   * A client's claim that no message between two offsets was for it.
   *
   * @param isRecovered whether the server has recovered this part of the room for the client, of
   *     which announcements may be forgotten
   */
  record Silence(
      String room,
      String epoch,
      long after,
      long before,
      String id,
      Set<String> groups,
      boolean isRecovered) {

    private boolean excludes(Message message) {
      return message.isFor(id, groups) && (message.isSaid() || !isRecovered);
    }
  }

  /** A server's claim that a client's messages since a cursor cannot be recovered. */
  record NotRecovered(String room, Cursor given, Cursor now, long at) {}

  /** History may have expired. */
  void mayHaveAged() {
    aged = true;
  }

  /** Adds a line that some connection was sent. */
  void add(String line) {
    if (line.contains("\"context\":\"user\"")) {
      Json.Obj json = parsed(line);
      var message =
          new Message(
              text(json, "message"), text(json, "from"), Long.parseLong(text(json, "sentAt")));
      Message other =
          messages
              .computeIfAbsent(cursor(json), _ -> new HashMap<>())
              .putIfAbsent(text(json, "room"), message);
      assertThat(message).isEqualTo(other == null ? message : other);
    }
  }

  void add(Silence silence) {
    silences.add(silence);
  }

  void add(NotRecovered claim) {
    notRecovered.add(claim);
  }

  /** Adds the place that the answer to a say named; all answers have to name the same. */
  void addAnswer(String said, Cursor place) {
    Cursor other = answers.putIfAbsent(said, place);
    assertThat(place).isEqualTo(other == null ? place : other);
  }

  // --- checks, once all lines are added ----------------------------------------------------------

  void check() {
    silences.forEach(this::check);
    notRecovered.forEach(this::check);
    checkAnswers();
  }

  private @Nullable Message at(String room, String epoch, long offset) {
    return messages.getOrDefault(new Cursor(epoch, offset), Map.of()).get(room);
  }

  private void check(Silence silence) {
    for (long offset = silence.after + 1; offset < silence.before; offset++) {
      Message message = at(silence.room, silence.epoch, offset);
      if (WITNESSED.contains(silence.room)) {
        assertThat(message).as("the record of %s at %s", silence.room, offset).isNotNull();
      }
      assertThat(message != null && silence.excludes(message))
          .as("missed %s at %s by %s", message, offset, silence)
          .isFalse();
    }
  }

  /** If each message after the cursor is in the history, apart from announcements, recover. */
  private void check(NotRecovered it) {
    if (!it.given.epoch().equals(it.now.epoch()) || it.given.offset() > it.now.offset()) {
      return;
    }
    long first = it.given.offset() + 1;
    Message message = at(it.room, it.now.epoch(), first);
    while (first <= it.now.offset() && message != null && !message.isSaid()) {
      message = at(it.room, it.now.epoch(), ++first);
    }
    long missing = it.now.offset() - first + 1; // one of them may announce the client's own join
    // A message that no connection was sent may have been said, and be of any age.
    boolean isForgotten =
        missing >= historyMessages
            || (missing > 0
                && (message == null ? aged : it.at - message.sentAt >= HISTORY_AGE.toMillis()));
    assertThat(isForgotten).as("not recovered without need: %s", it).isTrue();
  }

  /** Each text was sent once, at the place that its answer named. */
  private void checkAnswers() {
    var places = new HashMap<String, Cursor>();
    messages.forEach(
        (place, byRoom) ->
            byRoom.forEach(
                (room, message) -> {
                  if (message.isSaid()) {
                    assertThat(places.put(message.text, place)).as(message.text).isNull();
                  }
                }));
    answers.forEach(
        (text, place) -> {
          if (places.containsKey(text)) {
            assertThat(place).as("the place of %s", text).isEqualTo(places.get(text));
          }
        });
  }

  /**
   * The members of a room by its announcements.
   *
   * @param first the member from the start, or null
   * @param lines what a connection was sent that has listened to the room all the time
   */
  static Set<String> announced(String room, @Nullable String first, List<String> lines) {
    var members = new TreeSet<String>();
    if (first != null) {
      members.add(first);
    }
    for (String line : lines) {
      Json.Obj json = parsed(line);
      if (text(json, "context").equals("user") && text(json, "room").equals(room)) {
        String from = text(json, "from");
        if (text(json, "message").equals("I have entered the room")) {
          assertThat(members.add(from)).as("%s joins %s", from, room).isTrue();
        } else if (text(json, "message").equals("I have left the room")) {
          assertThat(members.remove(from)).as("%s leaves %s", from, room).isTrue();
        }
      }
    }
    return members;
  }
}
