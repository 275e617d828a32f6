package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.testing.Hub;
import io.earshot.testing.HubEvent;
import io.earshot.testing.HubEvent.Kind;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds events of a {@link Hub} by what a client knows of them. Posts of a {@link Simulation} are
 * texts; one for a group ends with "to" and the group's name.
 *
 * <p>Owned by the test's thread.
 */
final class HubEvents {
  private final Hub hub;

  HubEvents(Hub hub) {
    this.hub = hub;
  }

  /**
   * The post that a client received. The place alone does not find it: after a loss of data, posts
   * have their offsets in another epoch, and offsets are used again: also for another announcement
   * of the same leave, which was sent at another time. Of several, the last counts; but of several
   * with one place, as when a post is lost and posted again, the first that comes after an event.
   */
  HubEvent find(String room, Cursor place, String text, String from, long sentAt, int after) {
    @Nullable HubEvent found = null;
    @Nullable HubEvent exact = null;
    // The posts that an epoch has of the one before were made before any other event in it.
    int begun =
        hub.events.stream()
            .filter(event -> event.room.equals(room))
            .filter(event -> event.place.epoch().equals(place.epoch()))
            .mapToInt(event -> event.at)
            .findFirst()
            .orElse(Integer.MAX_VALUE);
    for (HubEvent event : hub.events.reversed()) {
      if (event.kind == Kind.POSTED
          && event.room.equals(room)
          && event.place.offset() == place.offset()
          && text(event).equals(text)
          && from(event).equals(from)
          && sentAt(event) == sentAt) {
        if (event.place.equals(place)) {
          exact = exact == null || event.at > after ? event : exact;
        }
        found = found == null || found.at > begun ? event : found;
      }
    }
    if (exact != null) {
      return exact;
    }
    assertThat(found).as("the post %s %s %s %s", room, place, from, text).isNotNull();
    return Objects.requireNonNull(found);
  }

  /** The number of the last event that is known to a client who knows a room up to a place. */
  int at(String room, Cursor place) {
    int found = -1;
    for (HubEvent event : hub.events.reversed()) {
      if (event.kind == Kind.POSTED && event.room.equals(room)) {
        if (event.place.equals(place)) {
          return event.at;
        }
        boolean isBetter = found < 0 || (hub.events.get(found).isLost && !event.isLost);
        if (event.place.offset() == place.offset() && isBetter) {
          found = event.at;
        }
      }
    }
    if (found >= 0 || place.offset() > 0) {
      return found >= 0 ? found : hub.events.size() - 1;
    }
    return hub.events.stream()
        .filter(event -> event.room.equals(room) && event.place.epoch().equals(place.epoch()))
        .findFirst()
        .map(event -> event.at - 1)
        .orElse(hub.events.size() - 1);
  }

  /** The first event, from a number on, with which a client left a room; -1 if there is none. */
  int left(String room, String id, int from) {
    return hub.events.subList(from, hub.events.size()).stream()
        .filter(event -> event.kind == Kind.LEFT && event.room.equals(room))
        .filter(event -> event.id.equals(id))
        .findFirst()
        .map(event -> event.at)
        .orElse(-1);
  }

  /**
   * Whether the hub lost a post, and then gave its place, or one before, to another post in the
   * same epoch. A server that had received the lost post, and was disconnected since, cannot know
   * of that, and sends the lost post to a client that comes from another server with the place
   * before it.
   */
  boolean isReplaced(HubEvent lost) {
    return lost.isLost
        && hub.events.subList(lost.at + 1, hub.events.size()).stream()
            .filter(event -> event.kind == Kind.POSTED && event.room.equals(lost.room))
            .filter(event -> event.place.epoch().equals(lost.place.epoch()))
            .anyMatch(event -> event.place.offset() <= lost.place.offset());
  }

  /**
   * Whether a place may be on two branches of an epoch: the hub lost posts up to the place, and
   * gave their places to others. A server that knows the lost ones, and was disconnected since,
   * takes the place for one of them.
   */
  boolean isAmbiguous(String room, Cursor place) {
    return hub.events.stream()
        .filter(event -> event.kind == Kind.POSTED && event.room.equals(room))
        .filter(event -> event.place.epoch().equals(place.epoch()))
        .filter(event -> event.place.offset() <= place.offset())
        .anyMatch(this::isReplaced);
  }

  /** A post, and those that a client cannot tell from it: one was lost, and was posted again. */
  List<Integer> twins(HubEvent post) {
    return hub.events.stream()
        .filter(event -> event.kind == Kind.POSTED && event.room.equals(post.room))
        .filter(event -> event.place.equals(post.place))
        .filter(event -> sentAt(event) == sentAt(post))
        .filter(event -> text(event).equals(text(post)) && from(event).equals(from(post)))
        .map(event -> event.at)
        .toList();
  }

  /** Whether a post is for a client with this id and these groups. */
  static boolean isFor(HubEvent event, String id, Set<String> groups) {
    Post post = Objects.requireNonNull(event.post);
    int target = text(event).indexOf(" to ");
    return !id.equals(post.except())
        && (target < 0 || groups.contains(text(event).substring(target + 4)));
  }

  static boolean isForGroup(HubEvent event) {
    return text(event).contains(" to ");
  }

  /** Whether a post announces that a member has entered or left. */
  static boolean isAnnouncement(HubEvent event) {
    return text(event).startsWith("I have ");
  }

  private static long sentAt(HubEvent event) {
    return Objects.requireNonNull(event.post).sentAt();
  }

  static String text(HubEvent event) {
    return String.valueOf(Objects.requireNonNull(event.post).message().asText());
  }

  static String from(HubEvent event) {
    return String.valueOf(Objects.requireNonNull(event.post).from().asText());
  }
}
