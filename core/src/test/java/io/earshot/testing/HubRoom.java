package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.protocol.User;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A room of a {@link Hub}: its order, the messages that it remembers, and its members. Each change
 * can be undone, as when a Redis comes back with an older state.
 *
 * <p>Owned by the test's thread, or guarded by the lock of a prompt hub.
 */
final class HubRoom {
  final String name;
  private final Hub hub;

  /** The epoch of the order; empty before the room has one. */
  private String epoch = "";

  private long offset;
  private final Deque<Placed> log = new ArrayDeque<>();

  /** The {@link HubBroker#owner} of each member, by id, in the order in which they entered. */
  final Map<String, String> members = new LinkedHashMap<>();

  /** The users of the members, by the member's id; without those that have none. */
  final Map<String, User> users = new HashMap<>();

  /** The place of each message that was posted with a key against repeats. */
  private final Map<String, Cursor> repeatKeys = new HashMap<>();

  /** The number of each server's last post, so that a post that comes twice has one place. */
  private final Map<String, Long> numbers = new HashMap<>();

  /** The changes that can be undone, the last first. */
  private final Deque<Change> changes = new ArrayDeque<>();

  private record Change(HubEvent event, Runnable undo) {}

  HubRoom(String name, Hub hub) {
    this.name = name;
    this.hub = hub;
  }

  boolean hasOrder() {
    return !epoch.isEmpty();
  }

  Cursor end() {
    return new Cursor(epoch, offset);
  }

  private void changed(HubEvent.Kind kind, String id, @Nullable Post post, Runnable undo) {
    HubEvent event = hub.record(kind, name, id, end(), post);
    if (event != null) {
      changes.push(new Change(event, undo));
    }
  }

  /** Undoes the last posts, and the joins and leaves since. */
  void rollBack(int posts) {
    for (int undone = 0; undone < posts && !changes.isEmpty(); ) {
      Change last = changes.pop();
      last.undo.run();
      last.event.isLost = true;
      undone += last.event.kind == HubEvent.Kind.POSTED ? 1 : 0;
    }
  }

  // --- the order -------------------------------------------------------------------------------

  /** Begins an epoch if there is none, or if this one is behind what the server knows of it. */
  private void begin(Terms terms) {
    Cursor known = terms.known();
    if (epoch.isEmpty()) {
      epoch = terms.freshEpoch();
    } else if (known != null && known.epoch().equals(epoch) && known.offset() > offset) {
      beginAnew(terms);
    }
  }

  /** Begins another epoch, in which the remembered messages have the offsets that they had. */
  private void beginAnew(Terms terms) {
    epoch = terms.freshEpoch();
    var all = List.copyOf(log);
    log.clear();
    for (Placed each : all) {
      log.add(new Placed(new Cursor(epoch, each.place().offset()), each.post()));
    }
  }

  /** The answer of {@code Broker.open}. */
  Stretch read(Known known, int limit, Terms terms) {
    if (epoch.isEmpty()) {
      epoch = terms.freshEpoch();
    }
    Cursor cursor = known.cursor();
    if (cursor != null && cursor.epoch().equals(epoch)) {
      if (!contradicts(cursor, known.origin())) {
        return new Stretch(
            end(),
            log.stream()
                .filter(each -> each.place().offset() > cursor.offset())
                .limit(Math.min(limit, hub.maxPerRead))
                .map(hub::aged)
                .toList());
      }
      beginAnew(terms);
    }
    var all = log.stream().map(hub::aged).toList();
    return new Stretch(end(), all.subList(Math.max(0, all.size() - limit), all.size()));
  }

  /** Whether this order ends before a place, or has a message of another origin there. */
  private boolean contradicts(Cursor place, Post.@Nullable Origin origin) {
    return offset < place.offset()
        || (origin != null
            && log.stream()
                .filter(each -> each.place().offset() == place.offset())
                .anyMatch(each -> !each.post().origin().equals(origin)));
  }

  /** Gives a post the next place, unless a post with this key has one. */
  Cursor post(Post post, Terms terms, @Nullable String repeatKey) {
    Cursor first = repeatKey == null ? null : repeatKeys.get(repeatKey);
    if (first != null) {
      return first;
    }
    Cursor place = post(post, terms);
    if (repeatKey != null) {
      repeatKeys.put(repeatKey, place);
    }
    return place;
  }

  private Cursor post(Post post, Terms terms) {
    begin(terms);
    Post.Origin origin = post.origin();
    Long last = numbers.get(origin.peer());
    if (last != null && origin.number() <= last) {
      return log.stream()
          .filter(each -> each.post().origin().equals(origin))
          .map(Placed::place)
          .findAny()
          .orElseThrow(() -> new BrokerException("a later post has overtaken this one", false));
    }
    numbers.put(origin.peer(), origin.number());
    offset++;
    var placed = new Placed(end(), transmitted(post));
    hub.took(placed.post());
    log.add(placed);
    if (log.size() > Math.min(terms.messages(), hub.maxRemembered)) {
      log.remove();
    }
    changed(HubEvent.Kind.POSTED, "", placed.post(), () -> undo(placed, last));
    HubFeed feed = hub.feed;
    if (feed != null && terms.isFed()) {
      feed.placed(name, placed);
    }
    hub.send(name, placed);
    return end();
  }

  private void undo(Placed placed, @Nullable Long lastNumber) {
    log.removeIf(each -> each.post() == placed.post());
    String server = placed.post().origin().peer();
    if (lastNumber == null) {
      numbers.remove(server);
    } else {
      numbers.put(server, lastNumber);
    }
    repeatKeys.values().removeIf(each -> each.equals(placed.place()));
    offset--;
  }

  /** The post as the receiving server decodes it. */
  private static Post transmitted(Post post) {
    try {
      return Post.parse(post.encode());
    } catch (MalformedJsonException e) {
      throw new AssertionError(e);
    }
  }

  // --- members ---------------------------------------------------------------------------------

  Moved enter(String id, String owner, Post announcement, int upTo, Terms terms, boolean take) {
    User userBefore = users.get(id);
    String before = members.put(id, owner);
    boolean stays = before != null && !take && !User.areSame(announcement.user(), userBefore);
    User user = stays ? userBefore : announcement.user();
    setUser(id, user);
    boolean isNews = before == null || !User.areSame(user, userBefore);
    boolean isAnnounced = isNews && members.size() <= upTo && (user == null || has(user) == 1);
    if (isAnnounced) {
      post(announcement, terms);
    } else {
      begin(terms);
    }
    changed(
        HubEvent.Kind.ENTERED,
        id,
        null,
        () -> {
          setUser(id, userBefore);
          if (before == null) {
            members.remove(id);
          } else {
            members.put(id, before);
          }
        });
    return new Moved(end(), isAnnounced);
  }

  Moved leave(String id, String owner, Post announcement, int upTo, Terms terms) {
    int count = members.size();
    String before = members.get(id);
    User user = users.get(id);
    boolean wasMember =
        before != null
            && User.areSame(user, announcement.user())
            && HubBroker.server(before).equals(HubBroker.server(owner));
    if (wasMember) {
      members.remove(id);
      users.remove(id);
    }
    boolean isAnnounced = wasMember && count <= upTo && (user == null || has(user) == 0);
    if (isAnnounced) {
      post(announcement, terms);
    } else {
      begin(terms);
    }
    if (wasMember) {
      changed(
          HubEvent.Kind.LEFT, id, null, () -> undoLeave(id, Objects.requireNonNull(before), user));
    }
    return new Moved(end(), isAnnounced);
  }

  private void undoLeave(String id, String owner, @Nullable User user) {
    members.put(id, owner);
    setUser(id, user);
  }

  private void setUser(String id, @Nullable User user) {
    if (user == null) {
      users.remove(id);
    } else {
      users.put(id, user);
    }
  }

  /** How many members a user has. */
  private long has(User user) {
    return users.values().stream().filter(each -> User.areSame(each, user)).count();
  }
}
