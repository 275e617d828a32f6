package io.earshot.cluster;

import static io.earshot.cluster.ClientJson.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The earlier messages that a {@link SimulatedClient} asks for when it enters a room.
 *
 * <p>Owned by the test's thread.
 */
final class ClientHistories {
  private final Simulation sim;
  private final SimulatedClient client;

  /** What the server is about to send, by room. */
  private final Map<String, ExpectedHistory> expected = new TreeMap<>();

  ClientHistories(Simulation sim, SimulatedClient client) {
    this.sim = sim;
    this.client = client;
  }

  /** How many earlier messages to ask for; 0 for none. */
  int any() {
    return sim.asksForHistory ? sim.random.nextInt(7) : 0;
  }

  static String entry(String verb, String room, @Nullable Cursor after, int history) {
    String entry = ClientJson.event(verb, room, after);
    return history == 0 ? entry : ClientJson.withHistory(entry, history);
  }

  /** The server has answered a request to enter a room. */
  void expect(String room, Json.Obj answer, int asked) {
    boolean isRecovered = Json.of(true).equals(answer.get("recovered"));
    if (asked == 0 || isRecovered) {
      assertThat(answer.get("history")).as("%s", answer).isNull();
      return;
    }
    var history = new ExpectedHistory(sim, client, answer, asked);
    if (!history.isComplete()) {
      expected.put(room, history);
    }
  }

  /** Whether a message is one of the history, which is no part of the stream. */
  boolean receive(Json.Obj json) {
    String room = text(json, "room");
    ExpectedHistory history = expected.get(room);
    if (history == null) {
      return false;
    }
    history.receive(json);
    if (history.isComplete()) {
      expected.remove(room);
    }
    return true;
  }

  /** The connection is cut. */
  void clear() {
    expected.clear();
  }

  void checkComplete() {
    assertThat(expected).isEmpty();
  }
}
