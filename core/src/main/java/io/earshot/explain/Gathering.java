package io.earshot.explain;

import io.earshot.Transport;
import io.earshot.connection.Directory;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.events.Event;
import io.earshot.events.EventKind;
import io.earshot.events.Recorder;
import io.earshot.events.RememberedMessage;
import io.earshot.explain.Facts.Client;
import io.earshot.explain.Facts.Message;
import io.earshot.history.History;
import io.earshot.protocol.Cursor;
import io.earshot.room.Member;
import io.earshot.room.Room;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Collects the facts of one server for one question: from the loop of each connection, and then
 * from the loop of the room.
 *
 * <p>Immutable; each loop is asked by a task of its own.
 */
final class Gathering {

  /** How many connections of a user are looked at. */
  private static final int MOST_CONNECTIONS = 50;

  /** How many events of one loop are looked at. */
  private static final int MOST_EVENTS = 500;

  /** How many messages are explained if no offset is given. */
  private static final int LAST_MESSAGES = 10;

  private final Question question;
  private final Rooms rooms;
  private final List<Participant> here;
  private final int count;

  Gathering(Question question, Rooms rooms, Directory connections) {
    this.question = question;
    this.rooms = rooms;
    List<Participant> all = all(question, connections);
    this.count = all.size();
    this.here = all.subList(0, Math.min(MOST_CONNECTIONS, count));
  }

  private static List<Participant> all(Question question, Directory connections) {
    if (question.user() != null) {
      return connections.ofUser(question.user());
    }
    Participant found =
        question.connection() == null ? null : connections.find(question.connection());
    return found == null ? List.of() : List.of(found);
  }

  /**
   * What a loop gives.
   *
   * @param places the places in the room of the loop's connections, by the connections' ids
   */
  private record Part(
      Shard shard,
      List<Event> events,
      Map<String, Client> clients,
      Map<String, Place> places,
      long since) {}

  CompletableFuture<Facts> facts() {
    var ids = new HashSet<String>();
    here.forEach(each -> ids.add(each.id()));
    if (question.connection() != null) {
      ids.add(question.connection());
    }
    var parts = new ArrayList<CompletableFuture<Part>>();
    for (Shard shard : rooms.shards()) {
      var part = new CompletableFuture<Part>();
      parts.add(part);
      shard.tell(() -> complete(part, () -> part(shard, Set.copyOf(ids))));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenCompose(ignored -> facts(parts.stream().map(CompletableFuture::join).toList()));
  }

  private interface Task<T> {
    T run();
  }

  private static <T> void complete(CompletableFuture<T> future, Task<T> task) {
    try {
      future.complete(task.run());
    } catch (RuntimeException | Error e) {
      future.completeExceptionally(e);
    }
  }

  // --- on each loop ----------------------------------------------------------------------------

  private Part part(Shard shard, Set<String> ids) {
    var clients = new LinkedHashMap<String, Client>();
    var places = new LinkedHashMap<String, Place>();
    for (Participant each : here) {
      if (each.shard() == shard) {
        Place place = placeOf(each);
        String id = each.id();
        Cursor lagsFrom = place == null || place.lag == null ? null : place.lag.first();
        clients.put(
            id,
            new Client(
                id,
                each.user(),
                true,
                each.transport() == Transport.WEB,
                each.pendingBytes(),
                each.attributes(),
                null,
                lagsFrom));
        if (place != null) {
          places.put(id, place);
        }
      }
    }
    Recorder recorder = shard.recorder();
    Set<String> known = new HashSet<>(ids);
    long since = recorder.eventsSince();
    String user = question.user();
    if (user != null) {
      List<Event> own =
          recorder.events(question.room(), event -> user.equals(event.user()), MOST_EVENTS);
      since = Math.max(since, Math.max(sinceFirst(own), addConnections(own, known)));
    }
    List<Event> events = recorder.events(question.room(), isOf(known), MOST_EVENTS);
    return new Part(shard, events, clients, places, Math.max(since, sinceFirst(events)));
  }

  /** Since when events are complete: earlier ones are not looked at if there are too many. */
  private static long sinceFirst(List<Event> events) {
    return events.size() < MOST_EVENTS ? Long.MIN_VALUE : events.getFirst().at() + 1;
  }

  /**
   * Adds the connections of events, the last ones first, while there are not too many.
   *
   * @return since when all connections are among them
   */
  private static long addConnections(List<Event> events, Set<String> known) {
    for (Event event : events.reversed()) {
      if (known.size() < MOST_CONNECTIONS) {
        known.add(event.connection());
      } else if (!known.contains(event.connection())) {
        return event.at() + 1;
      }
    }
    return Long.MIN_VALUE;
  }

  private @Nullable Place placeOf(Participant who) {
    return who.places().stream()
        .filter(each -> each.room.equals(question.room()))
        .findFirst()
        .orElse(null);
  }

  private Predicate<Event> isOf(Set<String> ids) {
    return event ->
        ids.contains(event.connection())
            || (event.kind() == EventKind.SAY_CHANGED && event.to() == question.offset());
  }

  // --- on the room's loop ----------------------------------------------------------------------

  private CompletableFuture<Facts> facts(List<Part> parts) {
    var facts = new CompletableFuture<Facts>();
    Shard there = rooms.shard(question.room());
    there.tell(() -> complete(facts, () -> facts(there, there.roomIfAny(question.room()), parts)));
    return facts;
  }

  private Facts facts(Shard there, @Nullable Room room, List<Part> parts) {
    var clients = new LinkedHashMap<String, Client>();
    var events = new ArrayList<Event>();
    long since = Long.MIN_VALUE;
    for (Part part : parts) {
      if (part.shard == there) {
        events.addAll(0, part.events); // the events of the room keep their order
      } else {
        events.addAll(part.events);
      }
      since = Math.max(since, part.since);
      part.clients.forEach((id, client) -> clients.put(id, in(client, part.places.get(id))));
    }
    events.sort(Comparator.comparingLong(Event::at));
    for (Event event : events) {
      if (event.kind() != EventKind.SAY_CHANGED || isAsked(event)) {
        clients.putIfAbsent(event.connection(), Client.gone(event.connection()));
      }
    }
    Cursor end = room == null ? null : room.end();
    Cursor last = room == null ? there.recorder().last(question.room()) : end;
    return new Facts(
        end,
        last == null ? List.of() : messages(there, room, last),
        List.copyOf(clients.values()),
        count,
        events,
        since,
        there.recorder().messagesSince());
  }

  private boolean isAsked(Event event) {
    return question.user() == null
        ? event.connection().equals(question.connection())
        : question.user().equals(event.user());
  }

  private static Client in(Client client, @Nullable Place place) {
    Member.State state = place == null ? null : place.state();
    return new Client(
        client.id(),
        client.user(),
        client.isHere(),
        client.hasQueue(),
        client.pending(),
        client.attributes(),
        state,
        client.lagsFrom());
  }

  /**
   * The messages that are asked for.
   *
   * @param last the last message of the room, or the last one that is remembered
   */
  private List<Message> messages(Shard there, @Nullable Room room, Cursor last) {
    String epoch = question.epoch() == null ? last.epoch() : question.epoch();
    var messages = new ArrayList<Message>();
    long first =
        question.offset() > 0 ? question.offset() : Math.max(1, last.offset() - LAST_MESSAGES + 1);
    int count = question.offset() > 0 ? 1 : LAST_MESSAGES;
    Map<Long, RememberedMessage> remembered =
        there.recorder().messages(question.room(), new Cursor(epoch, first), count);
    for (long offset = first; offset < first + count; offset++) {
      Message message = message(remembered.get(offset), room, new Cursor(epoch, offset));
      if (message != null) {
        messages.add(message);
      }
    }
    return messages;
  }

  private static @Nullable Message message(
      @Nullable RememberedMessage remembered, @Nullable Room room, Cursor place) {
    History history = room == null ? null : room.log().history();
    History.Entry entry =
        room == null || history == null || !place.epoch().equals(room.log().epoch())
            ? null
            : history.find(place.offset());
    boolean isAnnouncement = entry != null && !entry.isSaid();
    String speaker = entry == null ? null : entry.speaker();
    if (remembered != null) {
      return new Message(
          place,
          remembered.at(),
          remembered.sender(),
          speaker,
          remembered.audience(),
          isAnnouncement);
    }
    return entry == null
        ? null
        : new Message(place, entry.since(), 0, speaker, entry.audience(), isAnnouncement);
  }
}
