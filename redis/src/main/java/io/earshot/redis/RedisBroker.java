package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A broker whose other side is Redis. What is asked for goes out on one connection, in order; what
 * rooms tell comes in on another. {@link Life} makes the two, and renews them when one fails: then
 * all that was asked for and not answered fails, and nothing is sent a second time.
 *
 * <p>Thread-safe: what changes is volatile or concurrent.
 */
final class RedisBroker implements Broker {
  private static final System.Logger LOG = System.getLogger(RedisBroker.class.getName());
  private static final byte[] ZERO = {'0'};
  private static final byte[] ONE = {'1'};
  private static final byte[] NOTHING = {};

  private final Config.Redis settings;
  private final Keys keys;
  private final Seal seal;
  private final Occasional occasional = new Occasional(Duration.ofMinutes(1));
  private final AtomicReference<@Nullable Life> life = new AtomicReference<>();
  private final Errands errands;

  /**
   * The rooms in which somebody of this server may be, and the index in which Redis has each; empty
   * where it may have lost it.
   */
  private final Map<String, String> indexed = new ConcurrentHashMap<>();

  RedisBroker(Config.Redis settings) {
    this.settings = settings;
    this.keys = new Keys(settings.prefix());
    this.seal = new Seal(settings.secret());
    this.errands = new Errands(this, settings.timeout());
    Life.check(settings);
  }

  Config.Redis settings() {
    return settings;
  }

  Keys keys() {
    return keys;
  }

  /** Says what would be said too often. */
  Occasional occasional() {
    return occasional;
  }

  @Override
  public void start(String peer, Bus bus) {
    var begun = new Life(this, peer, bus);
    life.set(begun);
    begun.start();
  }

  private Life life() {
    Life lives = life.get();
    if (lives == null) {
      throw new IllegalStateException("it has not begun");
    }
    return lives;
  }

  @Override
  public void close() {
    Life lives = life.get();
    if (lives != null) {
      lives.close();
    }
  }

  @Override
  public List<String> peers() {
    return life().peers();
  }

  // --- rooms -----------------------------------------------------------------------------------

  @Override
  public CompletionStage<Stretch> open(
      String room, Known known, int limit, Terms terms, boolean make) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    Post.Origin origin = known.origin();
    Terms knowing = new Terms(terms.messages(), terms.keep(), known.cursor(), terms.freshEpoch());
    return explained(link.subscribe(keys.channel(room)))
        .thenCompose(
            _ ->
                run(
                    link,
                    Script.OPEN,
                    room,
                    null,
                    arguments(
                        link,
                        room,
                        null,
                        knowing,
                        bytes(origin == null ? "" : origin.toString()),
                        bytes(limit),
                        make ? ONE : ZERO)))
        .thenApply(answer -> stretch(room, answer));
  }

  private Stretch stretch(String room, List<Object> answer) {
    if (isNone(answer)) {
      return new Stretch(null, List.of());
    }
    Cursor end = cursor(answer.get(1));
    var posts = new ArrayList<Placed>();
    for (Object each : (List<?>) answer.get(2)) {
      var entry = (List<?>) each;
      String id = text(entry.get(0));
      long offset = Long.parseLong(id.substring(0, id.indexOf('-')));
      Post post = post(room, (byte[]) entry.get(1));
      if (post != null) {
        posts.add(new Placed(new Cursor(end.epoch(), offset), post));
      }
    }
    return new Stretch(end, posts);
  }

  @Override
  public void close(String room) {
    Connections link = life().link();
    if (link != null) {
      var _ = link.unsubscribe(keys.channel(room));
      if (indexed.remove(room) != null) {
        link.forget(keys.rooms(life().owner()), room);
      }
    }
  }

  @Override
  public CompletionStage<@Nullable Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window, boolean ifThere) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    return run(
            link,
            Script.PUBLISH,
            room,
            repeat == null ? null : keys.repeat(room, repeat),
            arguments(link, room, post, terms, ifThere ? ONE : ZERO, bytes(Math.max(1, window))))
        .<@Nullable Cursor>thenApply(answer -> isNone(answer) ? null : cursor(answer.get(1)));
  }

  @Override
  public CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take) {
    Life lives = life();
    Connections link = lives.link();
    if (link == null) {
      return away();
    }
    String owner = lives.owner();
    // Before anybody of this server is in the room, so that nobody is forgotten there.
    CompletionStage<?> index = index(link, owner, room);
    return run(
            link,
            Script.ENTER,
            room,
            null,
            arguments(
                link,
                room,
                announcement,
                terms,
                bytes(id),
                bytes(owner),
                bytes(upTo),
                take ? ONE : ZERO))
        .<@Nullable Object, @Nullable Moved>thenCombine(
            index,
            (answer, _) -> text(answer.getFirst()).equals("elsewhere") ? null : moved(answer));
  }

  /** Sees to it that Redis knows that somebody of an owner may be in a room. */
  private CompletionStage<?> index(Connections link, String owner, String room) {
    String index = keys.rooms(owner);
    if (index.equals(indexed.put(room, index))) {
      return CompletableFuture.completedStage(null);
    }
    return link.remember(index, room)
        .<@Nullable Object>handle(
            (_, failure) -> {
              if (failure != null) {
                indexed.replace(room, index, "");
                String why = String.valueOf(Failures.explained(failure, occasional).getMessage());
                throw new BrokerException(why, true); // in another place than the room itself
              }
              return null;
            });
  }

  @Override
  public CompletionStage<Moved> leave(
      String room, String id, Post announcement, int upTo, Terms terms) {
    return leave(room, id, life().owner(), announcement, upTo, terms);
  }

  /** The same for somebody who belongs to an owner that may be dead. */
  CompletionStage<Moved> leave(
      String room, String id, String owner, Post announcement, int upTo, Terms terms) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    return run(
            link,
            Script.LEAVE,
            room,
            null,
            arguments(link, room, announcement, terms, bytes(id), bytes(owner), bytes(upTo)))
        .thenApply(RedisBroker::moved);
  }

  private static Moved moved(List<Object> answer) {
    return new Moved(cursor(answer.get(1)), Long.valueOf(1).equals(answer.get(2)));
  }

  @Override
  public CompletionStage<List<Present>> members(String room) {
    Life lives = life();
    Connections link = lives.link();
    if (link == null) {
      return away();
    }
    Set<String> dead = lives.dead();
    String owner = lives.owner();
    return listed(room)
        .thenCompose(
            all -> {
              List<Present> present =
                  all.stream()
                      .filter(member -> !dead.contains(member.owner))
                      .map(
                          member ->
                              new Present(member.id, member.peer(), member.owner.equals(owner)))
                      .toList();
              // A server of a Redis Cluster may have lost that, and the room's own server not.
              return present.stream().anyMatch(Present::isCurrent)
                  ? index(link, owner, room).thenApply(_ -> present)
                  : CompletableFuture.completedStage(present);
            });
  }

  /** A member as Redis lists it. */
  record Listed(String id, String owner, long rank) {
    private String peer() {
      return owner.substring(0, owner.lastIndexOf('.'));
    }
  }

  /** All members that Redis lists, whatever became of their owners. */
  CompletionStage<List<Listed>> listed(String room) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    return explained(link.hash(keys.members(room)))
        .thenApply(
            fields -> {
              var all = new ArrayList<Listed>(fields.size());
              fields.forEach(
                  (id, value) -> {
                    String text = text(value);
                    int space = text.lastIndexOf(' ');
                    all.add(
                        new Listed(
                            id,
                            text.substring(0, space),
                            Long.parseLong(text.substring(space + 1))));
                  });
              all.sort((a, b) -> Long.compare(a.rank, b.rank));
              return all;
            });
  }

  @Override
  public CompletionStage<@Nullable Cursor> end(String room) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    return explained(link.fields(keys.head(room), "e", "o"))
        .<@Nullable Cursor>thenApply(
            values -> {
              byte[] epoch = values.get(0);
              byte[] offset = values.get(1);
              return epoch == null || offset == null
                  ? null
                  : new Cursor(text(epoch), Long.parseLong(text(offset)));
            });
  }

  // --- scripts ---------------------------------------------------------------------------------

  private CompletionStage<List<Object>> run(
      Connections link, Script script, String room, @Nullable String repeat, byte[][] arguments) {
    String[] names =
        repeat == null
            ? new String[] {keys.head(room), keys.log(room), keys.members(room)}
            : new String[] {keys.head(room), keys.log(room), keys.members(room), repeat};
    return explained(link.run(script, names, arguments))
        .thenApply(
            answer -> {
              if (text(answer.getFirst()).equals("over")) {
                life().look();
                throw new BrokerException(
                    "this server was out of touch with the others; try again in a moment", false);
              }
              if (text(answer.getFirst()).equals("late")) {
                throw new BrokerException("something newer was faster; try again", false);
              }
              return answer;
            });
  }

  /** What every script on a room is told, and then what this one is. */
  private byte[][] arguments(
      Connections link, String room, @Nullable Post post, Terms terms, byte[]... own) {
    String channel = keys.channel(room);
    Cursor known = terms.known();
    byte[][] all =
        Arrays.copyOf(
            new byte[][] {
              bytes(life().leaseUntil()),
              bytes(channel),
              bytes(link.publishing()),
              bytes(post == null ? "" : post.origin().peer()),
              post == null ? ZERO : bytes(post.origin().number()),
              post == null ? NOTHING : seal.seal(channel, post.encode()),
              bytes(terms.keep()),
              bytes(terms.messages()),
              bytes(known == null ? "" : known.epoch()),
              known == null ? ZERO : bytes(known.offset()),
              bytes(terms.freshEpoch())
            },
            11 + own.length);
    System.arraycopy(own, 0, all, 11, own.length);
    return all;
  }

  private <T extends @Nullable Object> CompletionStage<T> away() {
    return CompletableFuture.failedStage(new BrokerException(life().whyAway(), false));
  }

  private <T> CompletionStage<T> explained(CompletionStage<T> stage) {
    return stage.exceptionally(
        failure -> {
          throw Failures.explained(failure, occasional);
        });
  }

  // --- what comes in ---------------------------------------------------------------------------

  /** Takes in what was published. */
  void published(String channel, byte[] message) {
    Life lives = life();
    String room = keys.room(channel);
    if (channel.equals(keys.inbox(lives.peer()))) {
      spoken(channel, message);
      return;
    }
    if (room == null) {
      return;
    }
    int space = 0;
    while (space < Math.min(message.length, 64) && message[space] != ' ') {
      space++;
    }
    Cursor place = Cursor.parse(new String(message, 0, space, UTF_8));
    Post post =
        place == null
            ? null
            : post(
                room,
                Arrays.copyOfRange(message, Math.min(message.length, space + 1), message.length));
    if (place == null) {
      strange(channel, "it has no place in the room's order");
    } else if (post != null) {
      lives.bus().told(room, place, post);
    }
  }

  private @Nullable Post post(String room, byte[] sealed) {
    String channel = keys.channel(room);
    byte[] json = seal.open(channel, sealed);
    if (json == null) {
      strange(channel, "it is not from a server that knows the secret (redis.secret)");
      return null;
    }
    try {
      return Post.parse(json);
    } catch (MalformedJsonException e) {
      strange(channel, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private void strange(String channel, String why) {
    if (occasional.isTime("strange")) {
      LOG.log(
          Level.WARNING,
          "a message on the Redis channel {0} was not taken: {1}",
          channel.replaceAll("\\p{Cntrl}", "?"),
          why);
    }
  }

  // --- a word between servers ------------------------------------------------------------------

  private void spoken(String channel, byte[] message) {
    if (life().beaten(message)) {
      return;
    }
    byte[] json = seal.open(channel, message);
    try {
      if (json != null && Json.parseTold(json) instanceof Json.Obj fields) {
        errands.heard(fields);
        return;
      }
    } catch (MalformedJsonException e) {
      // As strange as any other.
    }
    strange(channel, "it is no word of a server");
  }

  /** Whether Redis can tell how many hear what is said, wherever they are connected. */
  boolean countsListeners() {
    Connections link = life().link();
    return link != null && link.countsListeners();
  }

  /** Says something to another server; it may not hear it. */
  CompletionStage<?> say(String peer, Json words) {
    Connections link = life().link();
    if (link == null) {
      return away();
    }
    String inbox = keys.inbox(peer);
    return explained(link.publish(inbox, seal.seal(inbox, words.encode())));
  }

  /** Redis may have lost in which rooms somebody is. */
  void reindex() {
    indexed.replaceAll((_, _) -> "");
  }

  Life alive() {
    return life();
  }

  @Override
  public CompletionStage<Json> ask(String peer, Json question) {
    return errands.ask(peer, question);
  }

  @Override
  public CompletionStage<@Nullable Json> askAll(Json question) {
    return errands.askAll(question);
  }

  // --- HTTP clients ----------------------------------------------------------------------------

  @Override
  public CompletionStage<String> claim(String client, Duration ttl) {
    Life lives = life();
    Connections link = lives.link();
    if (link == null) {
      return away();
    }
    long margin = 30_000; // a request may take so long, and the time runs from its end
    return explained(
            link.ask(
                Script.CLAIM,
                new String[] {keys.client(client)},
                bytes(lives.peer()),
                bytes(ttl.toMillis() + margin),
                bytes(" " + String.join(" ", lives.deadPeers()) + " ")))
        .thenApply(RedisBroker::text);
  }

  @Override
  public void release(String client) {
    Life lives = life();
    Connections link = lives.link();
    if (link != null) {
      var _ = link.ask(Script.RELEASE, new String[] {keys.client(client)}, bytes(lives.peer()));
    }
  }

  // --- bytes -----------------------------------------------------------------------------------

  static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  static byte[] bytes(long number) {
    return bytes(Long.toString(number));
  }

  static String text(Object bytes) {
    return bytes instanceof byte[] raw ? new String(raw, UTF_8) : String.valueOf(bytes);
  }

  private static boolean isNone(List<Object> answer) {
    return text(answer.getFirst()).equals("none");
  }

  private static Cursor cursor(Object bytes) {
    Cursor cursor = Cursor.parse(text(bytes));
    if (cursor == null) {
      throw new IllegalStateException("Redis has " + text(bytes) + " where a cursor should be");
    }
    return cursor;
  }
}
