package io.earshot.monitor;

import io.earshot.connection.Directory;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.protocol.Json;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.spi.SlowClient;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The clients of this server as an operator sees them. Each is asked on its event loop.
 *
 * <p>Immutable; what it refers to is thread-safe.
 */
final class Clients {
  private final Rooms rooms;
  private final Directory connections;

  /**
   * A client.
   *
   * @param waitingBytes the bytes that wait until the client reads
   * @param json the client for an operator
   * @param rooms the rooms that the client is in or listens to
   */
  record View(long waitingBytes, Json.Obj json, List<String> rooms) {}

  Clients(Rooms rooms, Directory connections) {
    this.rooms = rooms;
    this.connections = connections;
  }

  /** One client; null if this server has none of the id. */
  CompletableFuture<@Nullable View> find(String id) {
    Participant client = connections.find(id);
    if (client == null) {
      return CompletableFuture.completedFuture(null);
    }
    var view = new CompletableFuture<@Nullable View>();
    client.tell(() -> view.complete(view(client, client.waitingBytes())));
    return view;
  }

  /** The slow consumers for which bytes wait now, those with the most bytes first. */
  CompletableFuture<List<View>> slow() {
    CompletableFuture<List<View>> all = CompletableFuture.completedFuture(List.of());
    for (Shard shard : rooms.shards()) {
      List<SlowClient> slow = shard.loop().slowClients();
      if (slow.isEmpty()) {
        continue;
      }
      var part = new CompletableFuture<List<View>>();
      shard.tell(() -> part.complete(views(slow)));
      all =
          all.thenCombine(
              part,
              (some, more) -> {
                var both = new ArrayList<>(some);
                both.addAll(more);
                both.sort(Comparator.comparingLong(View::waitingBytes).reversed());
                return both;
              });
    }
    return all;
  }

  private static List<View> views(List<SlowClient> slow) {
    var views = new ArrayList<View>();
    for (SlowClient each : slow) {
      if (each.client() instanceof Participant client && !client.isGone()) {
        views.add(view(client, Math.max(each.bytes(), client.waitingBytes())));
      }
    }
    return views;
  }

  /** The bytes that wait for slow consumers, by room. */
  CompletableFuture<Map<String, Long>> waitingBytes() {
    return slow()
        .thenApply(
            slow -> {
              var bytes = new HashMap<String, Long>();
              slow.forEach(
                  each ->
                      each.rooms.forEach(room -> bytes.merge(room, each.waitingBytes, Long::sum)));
              return bytes;
            });
  }

  /** Called on the client's loop. */
  private static View view(Participant client, long waitingBytes) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("id", client.id());
    fields.put("transport", client.transport().name().toLowerCase(Locale.ROOT));
    fields.put("room", client.room());
    fields.put(
        "address",
        client.remoteAddress() instanceof InetSocketAddress socket && socket.getAddress() != null
            ? socket.getAddress().getHostAddress()
            : "");
    fields.put("connectedAt", client.connectedAt().toEpochMilli());
    fields.put("attributes", new TreeMap<>(client.attributes()));
    if (client.user() != null) {
      fields.put("user", client.user().json());
    }
    var names = new ArrayList<String>();
    var places = new ArrayList<Object>();
    for (Place place : client.places()) {
      if (place.in || place.listening) {
        names.add(place.room);
        var about = new LinkedHashMap<String, Object>();
        about.put("room", place.room);
        about.put("member", place.in);
        about.put("listens", place.listening);
        about.put("messagesLeftOut", place.lag == null ? 0 : place.lag.leftOut());
        places.add(about);
      }
    }
    fields.put("rooms", places);
    fields.put("waitingBytes", waitingBytes);
    return new View(waitingBytes, (Json.Obj) Json.from(fields), names);
  }
}
