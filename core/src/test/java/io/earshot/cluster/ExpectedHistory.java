package io.earshot.cluster;

import static io.earshot.cluster.ClientJson.cursor;
import static io.earshot.cluster.ClientJson.number;
import static io.earshot.cluster.ClientJson.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.HubEvent;
import io.earshot.testing.HubEvent.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The earlier messages that a {@link SimulatedClient} is to receive right after it has entered a
 * room: the newest ones up to the place in the answer.
 *
 * <p>Owned by the test's thread.
 */
final class ExpectedHistory {

  /** A server reads at least so many of the last messages when it opens a room. */
  private static final int REMEMBERED = 90;

  private final Simulation sim;
  private final Cursor upTo;
  private final int size;

  /** What the client may read up to the place, by offset. */
  private final List<HubEvent> readable = new ArrayList<>();

  private final List<Json.Obj> received = new ArrayList<>();

  /**
   * The server has answered how many messages follow.
   *
   * @param asked for how many the client has asked
   */
  ExpectedHistory(Simulation sim, SimulatedClient client, Json.Obj answer, int asked) {
    this.sim = sim;
    size = (int) number(answer, "history");
    assertThat(size).as("%s", answer).isBetween(0, asked);
    upTo = answer.get("epoch") == null ? new Cursor("", 0) : cursor(answer);
    for (HubEvent event : sim.hub.events) {
      if (event.kind == Kind.POSTED
          && event.room.equals(text(answer, "room"))
          && event.place.epoch().equals(upTo.epoch())
          && event.place.offset() <= upTo.offset()
          && !HubEvents.isAnnouncement(event)
          && mayRead(client, event)) {
        readable.add(event);
      }
    }
    if (sim.remembersAll()) {
      long remembered =
          readable.stream()
              .filter(event -> event.place.offset() > upTo.offset() - REMEMBERED)
              .count();
      assertThat(size).as("%s", answer).isEqualTo((int) Math.min(asked, remembered));
    }
  }

  /** Whether a client may read an earlier message: for all, for one of its groups, or its own. */
  private static boolean mayRead(SimulatedClient client, HubEvent event) {
    return HubEvents.isFor(event, "", client.groups)
        || client.id().equals(Objects.requireNonNull(event.post).except());
  }

  boolean isComplete() {
    return received.size() == size;
  }

  void receive(Json.Obj message) {
    assertThat(text(message, "epoch")).as("%s", message).isEqualTo(upTo.epoch());
    assertThat(number(message, "offset")).as("%s", message).isLessThanOrEqualTo(upTo.offset());
    received.add(message);
    if (isComplete() && !sim.hasLost) {
      List<HubEvent> last = readable.subList(readable.size() - size, readable.size());
      assertThat(received.stream().map(each -> number(each, "offset") + text(each, "message")))
          .containsExactlyElementsOf(
              last.stream().map(each -> each.place.offset() + HubEvents.text(each)).toList());
      assertThat(received.stream().map(each -> text(each, "from")))
          .containsExactlyElementsOf(last.stream().map(HubEvents::from).toList());
    }
  }

  @Override
  public String toString() {
    return Objects.toString(received) + " of " + size + " up to " + upTo;
  }
}
