package io.earshot.cluster;

import io.earshot.history.StoredMessage;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.room.Member;
import io.earshot.room.MessageIds;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Shard;
import io.earshot.room.Subscriber;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.BrokerException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What binds a room to the rooms of its name on other servers. The order is the broker's: what is
 * said here goes there, and is told when it comes back with its place, on this server as on all
 * others. Whatever comes out of turn makes it ask for what is missing, before anything later is
 * told.
 *
 * <p>While the broker cannot be reached, those who are here stay, and hear each other come and go
 * no more; nothing is said. Afterwards what was missed is told first, and the list of members is
 * set right.
 *
 * <p>Owned by the room's event loop.
 */
final class ClusterOrder implements RoomOrder {

  /** So many messages are asked for at once. */
  private static final int CHUNK = 500;

  /**
   * So many messages wait at most while older ones are asked for; later ones are asked for then.
   */
  private static final int MOST_EARLY = 1_000;

  /** So many of the last messages are known by where they came from. */
  private static final int ORIGINS = 256;

  /**
   * So many are asked for at least where nothing is remembered: by these it is known what an order
   * that begins anew has of the old one.
   */
  private static final int FEWEST_KNOWN = 16;

  /** How long a room is heard after everybody has left, in milliseconds: many come back at once. */
  private static final long LINGER = 5_000;

  /** How long to wait before what failed is tried again, in milliseconds. */
  private static final long PAUSE = 1_000;

  private static final String ELSEWHERE = "you are connected to another server now";

  private enum State {
    /** The broker was not asked yet. */
    NEW,
    /** The broker was asked for what is missing. */
    ASKING,
    /** All that was told is known, and what is told comes. */
    LIVE,
    /** The broker cannot be reached. */
    AWAY
  }

  private final Room room;
  private final Shard shard;
  private final Cluster cluster;
  private final Broker broker;
  private State state = State.NEW;
  private int asked;
  private boolean wasLive;
  private boolean closed;

  /** The broker is to be asked for what is missing when it is this room's turn. */
  private boolean isDue;

  /** The list of members may not be what it should. */
  private boolean unsure;

  /** Somebody of this server is in that list, or may be. */
  private boolean entered;

  private final Queue<Runnable> whenLive = new ArrayDeque<>(0);
  private final Queue<Placed> early = new ArrayDeque<>(0);

  /** More came early than is kept. */
  private boolean missedEarly;

  private final List<Waiting> waiting = new ArrayList<>(0);

  /** Who is not to hear a post of this server that is on its way, by its number. */
  private final Map<Long, Member> speakers = new HashMap<>(2);

  /** Those of this server that listen, who are in no list. */
  private final Set<Member> listeners = new HashSet<>(0);

  /** Which of these may never be told, since nobody knows whether they were placed. */
  private final Set<Long> doubtful = new HashSet<>(0);

  /** Who has left, which the others may not know: they are not to hear of it if they listen. */
  private final Map<String, Member> gone = new HashMap<>(0);

  /** How many are on their way in or out, or ask for something. */
  private int busy;

  /** Who is on the way in, in the order in which they set out. */
  private final Queue<Entry> entering = new ArrayDeque<>(0);

  /** How many have set out. */
  private long entries;

  /** What was told since the first of them set out, and how much before. */
  private final Queue<Placed> recent = new ArrayDeque<>(0);

  private long before;

  /** Up to where those have heard who have left meanwhile, and may be among them; oldest first. */
  private final Map<Subscriber, Heard> heardBefore = new LinkedHashMap<>(0);

  private long @Nullable [] origins;
  private Post.@Nullable Origin lastOrigin;

  /** Somebody on the way in. */
  private static final class Entry {
    final long number;

    /** How much was told when they set out, of which they need to hear nothing again. */
    final long since;

    boolean isIn;

    Entry(long number, long since) {
      this.number = number;
      this.since = since;
    }
  }

  /**
   * Up to where somebody has heard who has left.
   *
   * @param entries how many had set out by then; of no use to later ones
   */
  private record Heard(Cursor cursor, long entries) {}

  /** Something to do once the room has told all up to a place. */
  private record Waiting(Cursor place, Runnable then) {}

  ClusterOrder(Room room, Cluster cluster) {
    this.room = room;
    this.shard = room.shard();
    this.cluster = cluster;
    this.broker = cluster.broker();
  }

  @Override
  public boolean isShared() {
    return true;
  }

  /** Whether something is under way, or is still to be set right, so that it is needed. */
  @Override
  public boolean isBusy() {
    // While the broker is away a list may come back that has those in it who have left.
    return busy > 0 || !whenLive.isEmpty() || (entered && (unsure || state == State.AWAY));
  }

  /** How long to hear this room when nobody is in it, in milliseconds. */
  @Override
  public long keptFor() {
    return state == State.NEW ? 0 : LINGER;
  }

  /** The room is forgotten. */
  @Override
  public void close() {
    closed = true;
    if (state != State.NEW) {
      broker.close(room.name());
    }
  }

  // --- hearing -------------------------------------------------------------------------------

  /** Runs something once this room knows all that was told; at once if that cannot be. */
  void whenLive(Runnable task) {
    switch (state) {
      case NEW -> {
        whenLive.add(task);
        if (cluster.isUp()) {
          ask();
        } else {
          away();
        }
      }
      case ASKING -> whenLive.add(task);
      case LIVE -> task.run();
      case AWAY -> {
        if (isDue && cluster.isUp()) {
          whenLive.add(task);
          ask(); // somebody waits for it, so out of turn
        } else {
          task.run();
        }
      }
    }
  }

  /** The broker can be reached, and what it told meanwhile is missing. */
  void reconnected() {
    if (state != State.NEW) {
      unsure = true;
      if (!isDue) {
        isDue = true;
        cluster.catchUp(shard).askInTurn(this);
      }
    }
  }

  /**
   * Asks for what is missing, if it still is.
   *
   * @return done when that was answered
   */
  CompletionStage<?> turn() {
    if (isDue && !closed && cluster.isUp()) {
      return ask();
    }
    isDue = false; // what was to be asked was, or will be when the broker can be reached
    return CompletableFuture.completedStage(null);
  }

  /** The broker cannot be reached. */
  void disconnected() {
    if (state != State.NEW) {
      away();
    }
  }

  private CompletionStage<?> ask() {
    state = State.ASKING;
    isDue = false;
    int number = ++asked;
    int limit =
        room.end() == null ? Math.clamp(room.rule().historyMessages(), FEWEST_KNOWN, CHUNK) : CHUNK;
    var asking =
        broker.open(
            room.name(), new Known(room.end(), lastOrigin), limit, terms(), room.hasPeople());
    then(
        asking,
        (stretch, failure) -> {
          if (number != asked || closed) {
            return;
          }
          if (stretch == null) {
            away();
            again();
          } else {
            learn(stretch);
          }
        });
    return asking;
  }

  /** What failed though the broker can be reached is tried again. */
  private void again() {
    int number = asked;
    shard.schedule(
        () -> {
          if (number == asked && state == State.AWAY && !closed && cluster.isUp()) {
            reconnected();
          }
        },
        PAUSE);
  }

  private void away() {
    asked++;
    state = State.AWAY;
    early.clear();
    missedEarly = false;
    release(_ -> true);
    runWhenLive();
  }

  private void runWhenLive() {
    List<Runnable> tasks = List.copyOf(whenLive);
    whenLive.clear();
    tasks.forEach(Runnable::run);
  }

  private void learn(Stretch stretch) {
    Cursor known = room.end();
    Cursor end = stretch.end();
    boolean isFirst = known == null && !wasLive;
    if (isFirst) {
      stretch.posts().forEach(this::recall);
    } else if (known != null && end != null && end.epoch().equals(known.epoch())) {
      continueWith(stretch, known);
    } else {
      beginAnew(stretch, end);
    }
    if (end == null) {
      live(); // nothing was told yet
    } else if (end.epoch().equals(room.cursor().epoch())
        && end.offset() > room.cursor().offset()
        && !stretch.posts().isEmpty()) {
      ask(); // there is more
    } else {
      room.begin(end.epoch(), Math.max(end.offset(), sameOrder(end) ? room.cursor().offset() : 0));
      if (isFirst && end.offset() > 0 && room.isHeard()) {
        room.tellGap(1); // who came while the others were away does not know where they came in
      }
      live();
    }
  }

  private boolean sameOrder(Cursor end) {
    return end.epoch().equals(room.cursor().epoch());
  }

  private void recall(Placed placed) {
    room.recall(placed.post(), placed.place());
    note(placed);
  }

  private void continueWith(Stretch stretch, Cursor known) {
    long next = known.offset() + 1;
    long first =
        stretch.posts().isEmpty()
            ? Objects.requireNonNull(stretch.end()).offset() + 1
            : stretch.posts().getFirst().place().offset();
    if (first > next) {
      skip(known.epoch(), next, first - 1);
    }
    for (Placed placed : stretch.posts()) {
      long offset = placed.place().offset();
      long after = room.cursor().offset() + 1;
      if (offset > after) {
        skip(known.epoch(), after, offset - 1); // what was there could not be read
      }
      if (offset >= after) {
        tell(placed);
      }
    }
  }

  /** What was told is not to be had any more. */
  private void skip(String epoch, long from, long to) {
    room.log().forgetAll();
    room.begin(epoch, to);
    lastOrigin = null;
    room.tellGap(from);
  }

  /** The order that was known is no more. What the new one has of the old is known already. */
  private void beginAnew(Stretch stretch, @Nullable Cursor end) {
    room.log().forgetAll();
    room.roster().forEach(Member::forgetListing);
    if (end == null) {
      room.begin("", 0);
      lastOrigin = null;
      return;
    }
    List<Placed> posts = stretch.posts();
    int known = -1;
    for (int i = 0; i < posts.size(); i++) {
      known = isKnown(posts.get(i)) ? i : known;
    }
    List<Placed> fresh = posts.subList(known + 1, posts.size());
    long first = fresh.isEmpty() ? end.offset() + 1 : fresh.getFirst().place().offset();
    room.begin(end.epoch(), first - 1);
    if (known < 0 && first > 1) {
      room.tellGap(1);
    }
    if (known >= 0) {
      lastOrigin = posts.get(known).post().origin();
    }
    fresh.forEach(
        placed ->
            tell(new Placed(new Cursor(end.epoch(), placed.place().offset()), placed.post())));
  }

  private void live() {
    state = State.LIVE;
    wasLive = true;
    for (Placed next = early.poll(); next != null; next = early.poll()) {
      told(next);
      if (state != State.LIVE) {
        return;
      }
    }
    if (missedEarly) {
      missedEarly = false;
      ask();
      return;
    }
    speakers.keySet().removeAll(doubtful);
    doubtful.clear();
    runWhenLive();
    if (unsure) {
      unsure = false;
      setRight();
    }
    // What waits for a place in an order that is no more waits for nothing.
    release(each -> !sameOrder(each.place));
    reached();
    room.closeIfEmpty();
  }

  /** A message came from the broker. */
  void told(Placed placed) {
    switch (state) {
      case NEW, AWAY -> {
        // What is missing will be asked for.
      }
      case ASKING -> {
        if (early.size() < MOST_EARLY) {
          early.add(placed);
        } else {
          missedEarly = true;
        }
      }
      case LIVE -> takeIn(placed);
    }
  }

  private void takeIn(Placed placed) {
    Cursor now = room.cursor();
    Cursor place = placed.place();
    boolean isFirst = now.epoch().isEmpty() && place.offset() == 1;
    if (isFirst || (place.epoch().equals(now.epoch()) && place.offset() == now.offset() + 1)) {
      tell(placed);
    } else if (!place.epoch().equals(now.epoch())
        || place.offset() > now.offset()
        || isUnlike(placed)) {
      // Not kept: if it is still told in that order, the answer has it, and else it never will be.
      ask();
    }
  }

  private void tell(Placed placed) {
    Post post = placed.post();
    Member except = except(post);
    note(placed);
    room.tell(post, placed.place(), except);
    if (!entering.isEmpty()) {
      recent.add(placed);
    }
    reached();
  }

  private @Nullable Member except(Post post) {
    String id = post.except();
    if (id == null) {
      return null;
    }
    if (!post.origin().peer().equals(cluster.peer())) {
      // Who said something elsewhere may have come here since, with their session.
      return post.isStrange() || cluster.isHere(id) ? withId(id) : null;
    }
    Member speaker = speakers.remove(post.origin().number());
    return speaker != null && speaker.hears() ? speaker : withId(id);
  }

  /** Who hears the room here under an id. Looks at each. */
  private @Nullable Member withId(String id) {
    Member member = room.roster().withId(id);
    if (member == null) {
      for (Member listener : listeners) {
        if (listener.connection.hasId(id)) {
          return listener;
        }
      }
    }
    return member;
  }

  /** Somebody of this server begins to hear, and listens. */
  @Override
  public void listens(Member member) {
    listeners.add(member);
  }

  /** Somebody of this server hears no more. */
  @Override
  public void forget(Member member) {
    listeners.remove(member);
  }

  private void note(Placed placed) {
    lastOrigin = placed.post().origin();
    if (origins == null) {
      origins = new long[ORIGINS];
    }
    origins[(int) (placed.place().offset() % ORIGINS)] = lastOrigin.key();
  }

  private boolean isKnown(Placed placed) {
    long key = placed.post().origin().key();
    if (origins != null) {
      for (long origin : origins) {
        if (origin == key) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether it has the place of another, so that the order here is not the broker's any more. */
  private boolean isUnlike(Placed placed) {
    long offset = placed.place().offset();
    return origins != null
        && offset > room.cursor().offset() - ORIGINS
        && origins[(int) (offset % ORIGINS)] != placed.post().origin().key()
        && !isKnown(placed);
  }

  private void reach(Cursor place, Runnable then) {
    Cursor now = room.cursor();
    if (state == State.AWAY
        || (place.epoch().equals(now.epoch()) && place.offset() <= now.offset())) {
      then.run();
    } else {
      waiting.add(new Waiting(place, then));
      if (state == State.LIVE && !sameOrder(place)) {
        ask();
      }
    }
  }

  /** Does what was to wait until the room has told so much. */
  private void reached() {
    if (!waiting.isEmpty()) {
      Cursor now = room.cursor();
      release(each -> sameOrder(each.place) && each.place.offset() <= now.offset());
    }
  }

  private void release(Predicate<Waiting> isReady) {
    var ready = waiting.stream().filter(isReady).toList();
    waiting.removeAll(ready);
    ready.forEach(each -> each.then.run());
  }

  // --- coming and going ------------------------------------------------------------------------

  /** Somebody of this server is in the room, and is to be heard of by all. */
  @Override
  public void join(
      Member member, @Nullable Cursor after, Consumer<Room.Arrival> live, boolean take) {
    room.enroll(member);
    busy++;
    member.startEntering(take);
    whenLive(
        () -> {
          entered = true;
          if (state == State.AWAY || !member.joined()) {
            // Gone again; or somebody else by now, who is to come in all the same.
            doubt();
            hear(member, after, null, live);
            return;
          }
          var entry = new Entry(++entries, before + recent.size());
          entering.add(entry);
          then(
              enter(member),
              (moved, failure) -> {
                if (moved == null) {
                  if (failure == null) {
                    member.connection.close(ELSEWHERE);
                  } else {
                    doubt();
                  }
                  hear(member, after, null, live);
                  hasEntered(entry);
                } else {
                  reach(
                      moved.place(),
                      () -> {
                        hear(member, after, moved.place(), live);
                        hasEntered(entry);
                      });
                }
              });
        });
  }

  /** Forgets what is of no use to those who are still on the way in. */
  private void hasEntered(Entry entry) {
    entry.isIn = true;
    Entry first = entering.peek();
    while (first != null && first.isIn) {
      entering.remove();
      first = entering.peek();
    }
    if (first == null) {
      before += recent.size();
      recent.clear();
      heardBefore.clear();
      return;
    }
    for (; before < first.since; before++) {
      recent.remove();
    }
    var eldest = heardBefore.values().iterator();
    while (eldest.hasNext() && eldest.next().entries < first.number) {
      eldest.remove();
    }
  }

  private CompletionStage<@Nullable Moved> enter(Member member) {
    // Who was in the list before that was forgotten comes back unannounced: nobody heard them go.
    int upTo = member.isForgotten() ? 0 : room.rule().announcementsUpTo();
    String id = member.connection.id();
    Post post = cluster.announcement(Room.ENTERED, id);
    speakers.put(post.origin().number(), member);
    return broker
        .enter(room.name(), id, post, upTo, terms(), member.takes() || member.isForgotten())
        .whenComplete(
            (moved, failure) -> {
              isMoved(post, moved, failure);
              if (moved != null) {
                shard.tell(member::setListed);
              }
            });
  }

  /** Lets a member hear all that was told after it came in, and what it missed before. */
  private void hear(
      Member member, @Nullable Cursor after, @Nullable Cursor cameIn, Consumer<Room.Arrival> live) {
    busy--;
    member.finishEntering();
    Room.Past past = room.past(after, member);
    Cursor now = room.end();
    if (!Boolean.TRUE.equals(past.recovered())
        && cameIn != null
        && !member.hears()
        && (isKnown(cameIn) || (state != State.AWAY && !sameOrder(cameIn)))) {
      // Answered with where it came in: what was told since then follows, and may get lost. But
      // who left just before has heard on until that was known here.
      Heard heard = heardBefore.remove(member.connection);
      now = heard != null && isAfter(heard.cursor, cameIn) ? heard.cursor : cameIn;
      long from = sameOrder(now) ? now.offset() : past.since();
      past = new Room.Past(since(now, member), from, past.recovered());
    }
    room.hear(member, past, now, live);
    room.closeIfEmpty();
  }

  private List<StoredMessage> since(Cursor cameIn, Member member) {
    return recent.stream()
        .filter(each -> isAfter(each.place(), cameIn))
        .filter(each -> member.connection.isFor(each.post().except(), each.post().audience()))
        .map(each -> new StoredMessage(room.encoded(each.post(), each.place()), each.place()))
        .toList();
  }

  private static boolean isAfter(Cursor place, Cursor other) {
    return !place.epoch().equals(other.epoch()) || place.offset() > other.offset();
  }

  @Override
  public void listen(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    member.startListening();
    busy++;
    whenKnown(after, () -> hear(member, after, null, live));
  }

  /**
   * Runs something once this room knows all that was told, and what somebody knows who was on
   * another server.
   */
  @Override
  public void whenKnown(@Nullable Cursor cursor, Runnable task) {
    whenLive(
        () -> {
          if (cursor == null || state == State.AWAY || isKnown(cursor)) {
            task.run();
            return;
          }
          busy++;
          then(
              broker.end(room.name()),
              (end, _) -> {
                busy--;
                if (end == null) {
                  task.run();
                } else {
                  reach(end, task);
                }
                room.closeIfEmpty();
              });
        });
  }

  private boolean isKnown(Cursor cursor) {
    return sameOrder(cursor) && cursor.offset() <= room.cursor().offset();
  }

  /** Somebody of this server is in the room no more; they hear what was told before. */
  @Override
  public void leave(Member member, int count, Runnable out) {
    busy++;
    whenLive(
        () -> {
          if (state == State.AWAY) {
            isGone(member);
            unhearLeft(member, out);
            return;
          }
          then(
              leave(member.connection.id(), member),
              (moved, failure) -> {
                if (moved == null) {
                  isGone(member);
                  unhearLeft(member, out);
                } else {
                  reach(moved.place(), () -> unhearLeft(member, out));
                }
              });
        });
  }

  /** Somebody has left, and the others may not know. */
  private void isGone(Member member) {
    // Not of all who come and go while the broker is away, however long that takes.
    if (member.isListed() || member.listens()) {
      gone.put(member.connection.id(), member);
    }
    doubt();
  }

  /**
   * Takes somebody out of the list.
   *
   * @param member their place here, which is not to hear of it; null if they have none
   */
  private CompletionStage<Moved> leave(String id, @Nullable Member member) {
    Post post = cluster.announcement(Room.LEFT, id);
    if (member != null) {
      speakers.put(post.origin().number(), member);
    }
    return broker
        .leave(room.name(), id, post, room.rule().announcementsUpTo(), terms())
        .whenComplete((moved, failure) -> isMoved(post, moved, failure));
  }

  /** What was not placed, or was told by now, has nobody any more who is not to hear it. */
  private void isTold(long number, boolean isDoubtful) {
    if (isDoubtful) {
      doubtful.add(number);
    } else {
      speakers.remove(number);
    }
  }

  private void isMoved(Post post, @Nullable Moved moved, @Nullable Throwable failure) {
    if (moved == null || !moved.isAnnounced()) {
      boolean isDoubtful = failure != null && maybeDone(BrokerException.cause(failure));
      shard.tell(() -> isTold(post.origin().number(), isDoubtful));
    }
  }

  private static boolean maybeDone(@Nullable Throwable failure) {
    return failure instanceof BrokerException refused && refused.maybeDone();
  }

  private void unhearLeft(Member member, Runnable out) {
    busy--;
    if (!entering.isEmpty() && member.hears()) {
      heardBefore.remove(member.connection); // now the youngest
      heardBefore.put(member.connection, new Heard(room.cursor(), entries));
    }
    room.unhearLeft(member, out);
    room.closeIfEmpty();
  }

  private void unhear(Member member, Runnable out) {
    busy--;
    room.unhear(member, out);
    room.closeIfEmpty();
  }

  /** Somebody listens no more; they hear what was told before. */
  @Override
  public void silence(Member member, Runnable out) {
    busy++;
    whenLive(
        () -> {
          if (state == State.AWAY) {
            unhear(member, out);
            return;
          }
          then(
              broker.end(room.name()),
              (end, _) -> {
                if (end == null) {
                  unhear(member, out);
                } else {
                  reach(end, () -> unhear(member, out));
                }
              });
        });
  }

  /** Somebody is another connection now. */
  @Override
  public void replaced(Member lost, Member back) {
    speakers.replaceAll((_, member) -> member == lost ? back : member);
  }

  /** Makes the list of members what it should be. */
  private void setRight() {
    if (!entered) {
      return;
    }
    busy++;
    then(
        broker.members(room.name()),
        (listed, failure) -> {
          busy--;
          if (listed == null) {
            doubt();
          } else {
            setRight(listed);
          }
          room.closeIfEmpty();
        });
  }

  private void setRight(List<Present> listed) {
    var ours = new LinkedHashMap<String, Member>();
    room.roster().forEach(member -> ours.put(member.connection.id(), member));
    entered = !ours.isEmpty();
    var left = Map.copyOf(gone);
    gone.clear();
    var right = new HashSet<String>();
    for (Present present : listed) {
      Member member = ours.get(present.id());
      boolean here = present.peer().equals(cluster.peer());
      if (here && member == null) {
        done(leave(present.id(), left.get(present.id())));
      } else if (here && present.isCurrent()) {
        right.add(present.id());
      }
    }
    ours.forEach(
        (id, member) -> {
          if (!right.contains(id)) {
            busy++;
            then(
                enter(member),
                (moved, failure) -> {
                  busy--;
                  if (moved == null && failure == null) {
                    // They came back elsewhere while this server was not looking.
                    member.connection.close(ELSEWHERE);
                  } else if (failure != null) {
                    doubt();
                  }
                  room.closeIfEmpty();
                });
          }
        });
  }

  private <T> void done(CompletionStage<T> stage) {
    busy++;
    then(
        stage,
        (_, failure) -> {
          busy--;
          if (failure != null) {
            entered = true; // still, whoever it is
            doubt();
          }
          room.closeIfEmpty();
        });
  }

  /** The list is set right after a while; or when the broker can be reached, if it cannot. */
  private void doubt() {
    unsure = true;
    if (state == State.LIVE) {
      shard.schedule(
          () -> {
            if (!closed && unsure && state == State.LIVE) {
              unsure = false;
              setRight();
            }
          },
          PAUSE);
    }
  }

  // --- saying ----------------------------------------------------------------------------------

  @Override
  public void say(
      Json from, @Nullable Member except, Room.Saying saying, Consumer<Room.Spoken> told) {
    String id = except == null ? null : except.connection.id();
    publish(
        cluster.post(saying.message(), from, id, false, saying.audience()),
        except,
        saying,
        false,
        told);
  }

  /**
   * The same for somebody who may be a member on another server.
   *
   * @param ifThere whether to say it only where somebody is, or was lately
   */
  @Override
  public void sayAsStranger(
      Json from, Room.Saying saying, boolean ifThere, Consumer<Room.Spoken> told) {
    String id = from instanceof Json.Text(String text) ? text : null;
    publish(
        cluster.post(saying.message(), from, id, true, saying.audience()),
        null,
        saying,
        ifThere,
        told);
  }

  private void publish(
      Post post,
      @Nullable Member except,
      Room.Saying saying,
      boolean ifThere,
      Consumer<Room.Spoken> told) {
    Long number = post.origin().number();
    if (except != null) {
      speakers.put(number, except);
    }
    busy++;
    then(
        broker.publish(room.name(), post, terms(), repeat(saying), shard.repeatWindow(), ifThere),
        (place, failure) -> {
          busy--;
          if (place != null) {
            // It was told by then, unless another was that is the same.
            reach(place, () -> isTold(number, state == State.AWAY));
          } else {
            isTold(number, maybeDone(failure));
          }
          told.accept(
              new Room.Spoken(place, failure == null ? null : BrokerException.explained(failure)));
          room.closeIfEmpty();
        });
  }

  private @Nullable String repeat(Room.Saying saying) {
    return saying.messageId() == null || shard.repeatWindow() == 0
        ? null
        : MessageIds.name(saying.namer(), saying.messageId(), saying.words());
  }

  // --- asking ----------------------------------------------------------------------------------

  private Broker.Terms terms() {
    return cluster.terms(room.rule(), room.end());
  }

  private <T extends @Nullable Object> void then(
      CompletionStage<T> stage, BiConsumer<@Nullable T, @Nullable Throwable> next) {
    var _ =
        stage.whenComplete(
            (result, failure) ->
                shard.tell(
                    () -> {
                      if (!closed) {
                        next.accept(
                            result, failure == null ? null : BrokerException.cause(failure));
                      }
                    }));
  }
}
