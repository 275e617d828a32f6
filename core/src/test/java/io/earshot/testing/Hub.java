package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is behind the brokers of a cluster, in memory, and as slow and as faulty as a test wants it.
 * What a broker is asked for waits until the test lets it arrive, and so does what it is told.
 *
 * <p>Owned by the test's thread, unless it is {@link #prompt}: then calls take a lock, and are
 * answered at once.
 */
public final class Hub {
  private final Map<String, Room> rooms = new HashMap<>();
  private final Map<String, Peer> peers = new LinkedHashMap<>();
  private final Map<String, String> clients = new HashMap<>();
  private final boolean prompt;

  /** Everything that was done in the rooms, whatever was lost of it since. */
  public final List<Deed> deeds = new ArrayList<>();

  /**
   * Whether answers have a link of their own, {@link Peer#answered}, so that they and what rooms
   * tell overtake each other, and what servers ask each other takes its time.
   */
  public boolean isApart;

  /** So many messages of a room are remembered at most. */
  public int mostRemembered = Integer.MAX_VALUE;

  /** So many messages are told at once at most to whom some are missing. */
  public int mostAtOnce = Integer.MAX_VALUE;

  /** What was done in a room. */
  public enum What {
    TOLD,
    ENTERED,
    LEFT
  }

  /** Something that was done in a room. */
  public static final class Deed {
    public final int at;
    public final What what;
    public final String room;

    /** Who came or went; empty for what was told. */
    public final String id;

    public final Cursor place;

    /** What was told; null for who came or went. */
    public final @Nullable Post post;

    /** Whether it was lost later. */
    public boolean isLost;

    Deed(int at, What what, String room, String id, Cursor place, @Nullable Post post) {
      this.at = at;
      this.what = what;
      this.room = room;
      this.id = id;
      this.place = place;
      this.post = post;
    }

    @Override
    public String toString() {
      String told = post == null ? id : post.from() + " " + post.message();
      return at + " " + what + " " + room + " " + place + " " + told + (isLost ? " (lost)" : "");
    }
  }

  private static final class Room {
    String epoch = "";
    long offset;

    /** What takes back what was done here, the last first. */
    final Deque<Undoing> undoings = new ArrayDeque<>();

    final Deque<Broker.Placed> log = new ArrayDeque<>();

    /** The owner of each member. */
    final Map<String, String> members = new LinkedHashMap<>();

    final Map<String, Cursor> messageIds = new HashMap<>();

    /** Of each peer the last post, so that one that comes twice is told once. */
    final Map<String, Long> numbers = new HashMap<>();

    Cursor end() {
      return new Cursor(epoch, offset);
    }

    /** What is remembered is of the order that has begun now. */
    void renameAll() {
      var all = List.copyOf(log);
      log.clear();
      for (Broker.Placed each : all) {
        log.add(new Broker.Placed(new Cursor(epoch, each.place().offset()), each.post()));
      }
    }

    /** Gives it an order if it has none, or one that has fallen behind what is known. */
    void begin(Broker.Terms terms) {
      Cursor known = terms.known();
      if (epoch.isEmpty()) {
        epoch = terms.freshEpoch();
      } else if (known != null && known.epoch().equals(epoch) && known.offset() > offset) {
        epoch = terms.freshEpoch();
        renameAll();
      }
    }
  }

  /** Takes back something that was done. */
  private record Undoing(Deed deed, Runnable undo) {}

  private void done(
      Room room, What what, String name, String id, @Nullable Post post, Runnable undo) {
    if (!prompt) {
      var deed = new Deed(deeds.size(), what, name, id, room.end(), post);
      deeds.add(deed);
      room.undoings.push(new Undoing(deed, undo));
    }
  }

  private Hub(boolean prompt) {
    this.prompt = prompt;
  }

  /** A hub whose brokers do what they are asked for when the test says so. */
  public static Hub manual() {
    return new Hub(false);
  }

  /** A hub whose brokers do at once what they are asked for. */
  public static Hub prompt() {
    return new Hub(true);
  }

  /** A broker for one more server. */
  public Peer broker() {
    return new Peer();
  }

  /** Everything is forgotten, as when what is behind the brokers comes back empty. */
  public synchronized void forgetAll() {
    deeds.forEach(deed -> deed.isLost = true);
    rooms.clear();
    clients.clear();
  }

  /** The last messages of a room, that they were told, and who came and went since, are lost. */
  public void rollBack(String name, int messages) {
    Room room = rooms.get(name);
    for (int told = 0; room != null && told < messages && !room.undoings.isEmpty(); ) {
      Undoing last = room.undoings.pop();
      last.undo.run();
      last.deed.isLost = true;
      told += last.deed.what == What.TOLD ? 1 : 0;
    }
  }

  /** Who is in a room, and on which run of which server. */
  public Map<String, String> members(String name) {
    Room room = rooms.get(name);
    return room == null ? Map.of() : Map.copyOf(room.members);
  }

  /** Takes a server for dead: its members go, and are announced by another. */
  public synchronized void reap(String dead) {
    Peer corpse = peers.get(dead);
    if (corpse == null) {
      return;
    }
    corpse.isFenced = true;
    for (Map.Entry<String, Room> each : List.copyOf(rooms.entrySet())) {
      for (Map.Entry<String, String> member : List.copyOf(each.getValue().members.entrySet())) {
        if (member.getValue().equals(corpse.owner())) {
          Peer reaper =
              peers.values().stream().filter(peer -> peer != corpse).findFirst().orElseThrow();
          Bus bus = reaper.bus();
          reaper.leave(
              each.getValue(),
              each.getKey(),
              member.getKey(),
              corpse.owner(),
              bus.farewell(member.getKey()),
              bus.announcesUpTo(each.getKey()),
              bus.terms(each.getKey()));
        }
      }
    }
  }

  private Room room(String name) {
    return rooms.computeIfAbsent(name, _ -> new Room());
  }

  /** Whether anything is on its way. */
  public boolean isIdle() {
    return peers.values().stream()
        .allMatch(peer -> peer.asked.isEmpty() && peer.told.isEmpty() && peer.answered.isEmpty());
  }

  /** Answers somebody. */
  private interface Answering<T extends @Nullable Object> {
    void run(CompletableFuture<T> answer);
  }

  /** The broker of one server. */
  public final class Peer implements Broker {
    private @Nullable Bus bus;
    private String name = "";
    private int generation;
    private boolean isFenced;
    private boolean isUp;
    private final Set<String> heard = new HashSet<>();

    /** What it asked for, and what is on its way to it. */
    public final Queue<Runnable> asked = new ArrayDeque<>();

    public final Queue<Runnable> told = new ArrayDeque<>();

    /** Answers that are on their way to it, if they have a link of their own. */
    public final Queue<Runnable> answered = new ArrayDeque<>();

    /** What it asked for and has not been answered. */
    private final List<CompletableFuture<?>> open = new ArrayList<>();

    private Bus bus() {
      if (bus == null) {
        throw new IllegalStateException("not started");
      }
      return bus;
    }

    public boolean isUp() {
      return isUp;
    }

    public String owner() {
      return name + "." + generation;
    }

    @Override
    public void start(String peer, Bus toTell) {
      name = peer;
      bus = toTell;
      synchronized (Hub.this) {
        peers.put(peer, this);
      }
      if (prompt) {
        connect();
      }
    }

    /** Can be reached, and reaches the others. */
    public void connect() {
      isUp = true;
      if (isFenced) {
        isFenced = false;
        generation++;
      }
      bus().connected();
    }

    /** What was asked for and is not answered fails, and what was told is lost. */
    public void disconnect() {
      isUp = false;
      asked.clear();
      told.clear();
      answered.clear();
      heard.clear();
      List.copyOf(open)
          .forEach(each -> each.completeExceptionally(new BrokerException("it is away", true)));
      open.clear();
      bus().disconnected();
    }

    private <T extends @Nullable Object> CompletionStage<T> asked(Supplier<T> work) {
      if (!isUp) {
        return CompletableFuture.failedStage(new BrokerException("it is away", false));
      }
      var answer = new CompletableFuture<T>();
      if (prompt) {
        tried(work).run(answer);
        return answer;
      }
      open.add(answer);
      asked.add(
          () -> {
            Answering<T> said = tried(work);
            answers()
                .add(
                    () -> {
                      open.removeIf(each -> each == answer);
                      said.run(answer);
                    });
          });
      return answer;
    }

    /** Does something; how it is answered is up to what comes of it. */
    private <T extends @Nullable Object> Answering<T> tried(Supplier<T> work) {
      synchronized (Hub.this) {
        try {
          T result = work.get();
          return answer -> answer.complete(result);
        } catch (BrokerException e) {
          return answer -> answer.completeExceptionally(e);
        }
      }
    }

    private Queue<Runnable> answers() {
      return isApart ? answered : told;
    }

    /** Asks others in their time. The answer is lost with the link of whoever asks. */
    private <T extends @Nullable Object> CompletionStage<T> slowly(
        Supplier<CompletionStage<T>> work) {
      if (!isUp) {
        return CompletableFuture.failedStage(new BrokerException("it is away", false));
      }
      if (!isApart) {
        return work.get();
      }
      var answer = new CompletableFuture<T>();
      open.add(answer);
      asked.add(
          () -> {
            var _ =
                work.get()
                    .whenComplete(
                        (result, failure) ->
                            answers()
                                .add(
                                    () -> {
                                      open.removeIf(each -> each == answer);
                                      if (failure == null) {
                                        answer.complete(result);
                                      } else {
                                        answer.completeExceptionally(failure);
                                      }
                                    }));
          });
      return answer;
    }

    private void tell(String room, Placed placed) {
      for (Peer peer : peers.values()) {
        if (peer.heard.contains(room)) {
          Runnable telling = () -> peer.bus().told(room, placed.place(), placed.post());
          if (prompt) {
            telling.run();
          } else {
            peer.told.add(telling);
          }
        }
      }
    }

    private Cursor place(Room room, String name, Post post, Terms terms) {
      room.begin(terms);
      Post.Origin origin = post.origin();
      Long last = room.numbers.get(origin.peer());
      if (last != null && origin.number() <= last) {
        return room.log.stream()
            .filter(placed -> placed.post().origin().equals(origin))
            .map(Placed::place)
            .findAny()
            .orElseThrow(() -> new BrokerException("something newer was faster", false));
      }
      room.numbers.put(origin.peer(), origin.number());
      room.offset++;
      var placed = new Placed(room.end(), sent(post));
      room.log.add(placed);
      if (room.log.size() > Math.min(terms.messages(), mostRemembered)) {
        room.log.remove();
      }
      done(
          room,
          What.TOLD,
          name,
          "",
          placed.post(),
          () -> {
            room.log.removeIf(each -> each.post() == placed.post());
            if (last == null) {
              room.numbers.remove(origin.peer());
            } else {
              room.numbers.put(origin.peer(), last);
            }
            room.messageIds.values().removeIf(each -> each.equals(placed.place()));
            room.offset--;
          });
      tell(name, placed);
      return room.end();
    }

    /** As it arrives. */
    private Post sent(Post post) {
      try {
        return Post.parse(post.encode());
      } catch (MalformedJsonException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public CompletionStage<Stretch> open(
        String name, Known known, int limit, Terms terms, boolean make) {
      return asked(
          () -> {
            heard.add(name);
            Room room = make ? room(name) : rooms.get(name);
            if (room == null || (room.epoch.isEmpty() && !make)) {
              return new Stretch(null, List.of());
            }
            if (room.epoch.isEmpty()) {
              room.epoch = terms.freshEpoch();
            }
            Cursor cursor = known.cursor();
            var log = List.copyOf(room.log);
            if (cursor != null && cursor.epoch().equals(room.epoch)) {
              boolean isBehind = room.offset < cursor.offset();
              for (Placed placed : log) {
                isBehind |=
                    placed.place().offset() == cursor.offset()
                        && known.origin() != null
                        && !placed.post().origin().equals(known.origin());
              }
              if (!isBehind) {
                return new Stretch(
                    room.end(),
                    log.stream()
                        .filter(placed -> placed.place().offset() > cursor.offset())
                        .limit(Math.min(limit, mostAtOnce))
                        .toList());
              }
              room.epoch = terms.freshEpoch();
              room.renameAll();
            }
            log = List.copyOf(room.log);
            return new Stretch(
                room.end(), log.subList(Math.max(0, log.size() - limit), log.size()));
          });
    }

    @Override
    public void close(String name) {
      heard.remove(name);
    }

    @Override
    public CompletionStage<@Nullable Cursor> publish(
        String name,
        Post post,
        Terms terms,
        @Nullable String repeat,
        long window,
        boolean ifThere) {
      return this.<@Nullable Cursor>asked(
          () -> {
            Room there = rooms.get(name);
            if (ifThere && (there == null || there.epoch.isEmpty())) {
              return null;
            }
            Room room = room(name);
            Cursor first = repeat == null ? null : room.messageIds.get(repeat);
            if (first != null) {
              return first;
            }
            Cursor place = place(room, name, post, terms);
            if (repeat != null) {
              room.messageIds.put(repeat, place);
            }
            return place;
          });
    }

    @Override
    public CompletionStage<@Nullable Moved> enter(
        String name, String id, Post announcement, int upTo, Terms terms, boolean take) {
      return this.<@Nullable Moved>asked(
          () -> {
            Room room = room(name);
            String before = room.members.get(id);
            if (before != null && !before.startsWith(this.name + ".") && !take) {
              return null;
            }
            room.members.put(id, owner());
            boolean isAnnounced = before == null && room.members.size() <= upTo;
            if (isAnnounced) {
              place(room, name, announcement, terms);
            } else {
              room.begin(terms);
            }
            done(room, What.ENTERED, name, id, null, () -> restore(room, id, before));
            return new Moved(room.end(), isAnnounced);
          });
    }

    @Override
    public CompletionStage<Moved> leave(
        String name, String id, Post announcement, int upTo, Terms terms) {
      return asked(() -> leave(room(name), name, id, owner(), announcement, upTo, terms));
    }

    private Moved leave(
        Room room, String name, String id, String owner, Post announcement, int upTo, Terms terms) {
      int count = room.members.size();
      boolean wasThere = room.members.remove(id, owner);
      boolean isAnnounced = wasThere && count <= upTo;
      if (isAnnounced) {
        place(room, name, announcement, terms);
      } else {
        room.begin(terms);
      }
      if (wasThere) {
        done(room, What.LEFT, name, id, null, () -> room.members.put(id, owner));
      }
      return new Moved(room.end(), isAnnounced);
    }

    private static void restore(Room room, String id, @Nullable String owner) {
      if (owner == null) {
        room.members.remove(id);
      } else {
        room.members.put(id, owner);
      }
    }

    @Override
    public CompletionStage<List<Present>> members(String name) {
      return asked(
          () -> {
            var present = new ArrayList<Present>();
            Room room = rooms.get(name);
            if (room != null) {
              room.members.forEach(
                  (id, owner) -> {
                    String peer = owner.substring(0, owner.lastIndexOf('.'));
                    present.add(new Present(id, peer, owner.equals(owner())));
                  });
            }
            return present;
          });
    }

    @Override
    public CompletionStage<@Nullable Cursor> end(String name) {
      return this.<@Nullable Cursor>asked(
          () -> {
            Room room = rooms.get(name);
            return room == null || room.epoch.isEmpty() ? null : room.end();
          });
    }

    @Override
    public CompletionStage<Json> ask(String peer, Json question) {
      return slowly(
          () -> {
            Peer there = peers.get(peer);
            if (there == null || !there.isUp) {
              return CompletableFuture.failedStage(new BrokerException("it is away", false));
            }
            return there
                .bus()
                .asked(question)
                .thenApply(
                    answer -> {
                      if (answer == null) {
                        throw new BrokerException("it has no answer", false);
                      }
                      return answer;
                    });
          });
    }

    @Override
    public CompletionStage<@Nullable Json> askAll(Json question) {
      return this.<@Nullable Json>slowly(() -> askOthers(question));
    }

    private CompletionStage<@Nullable Json> askOthers(Json question) {
      var answer = new CompletableFuture<@Nullable Json>();
      var others = new ArrayList<>(peers.values());
      others.removeIf(peer -> peer == this || !peer.isUp);
      var answers = new ArrayList<CompletableFuture<?>>();
      for (Peer other : others) {
        answers.add(
            other
                .bus()
                .asked(question)
                .thenAccept(
                    each -> {
                      if (each != null) {
                        answer.complete(each);
                      }
                    })
                .toCompletableFuture());
      }
      var _ =
          CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
              .thenRun(() -> answer.complete(null));
      return answer;
    }

    @Override
    public CompletionStage<String> claim(String client, Duration ttl) {
      return asked(
          () -> {
            String owner = clients.get(client);
            if (owner == null || !peers.containsKey(owner)) {
              clients.put(client, name);
              return name;
            }
            return owner;
          });
    }

    @Override
    public void release(String client) {
      synchronized (Hub.this) {
        clients.remove(client, name);
      }
    }

    @Override
    public List<String> peers() {
      return List.copyOf(Hub.this.peers.keySet());
    }

    @Override
    public void close() {
      synchronized (Hub.this) {
        isUp = false;
        if (Hub.this.peers.size() > 1) {
          reap(name);
        }
        Hub.this.peers.remove(name);
      }
    }
  }
}
