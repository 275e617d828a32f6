package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.redis.Link;
import io.earshot.redis.RedisCluster;
import io.earshot.redis.RedisServer;
import io.earshot.redis.Sentinels;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * Servers as processes, a real Redis, and what becomes of a room that is spoken in while one of
 * them, or the way between them, fails. Two servers and a Redis are the same for most tests; each
 * has a room of its own.
 */
@TestInstance(Lifecycle.PER_CLASS)
class ClusterTest {
  private static final String REFUSED = "Error: the cluster cannot be reached";
  private static final String[] SETTINGS = {
    "redis.secret=a secret of the servers",
    "general.resumeWindow=10s",
    "commonWeb.httpClientMessageTTL=30s",
    "commonWeb.cookieSecret=a secret of the servers that cookies are signed with",
  };

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final List<AutoCloseable> openedOnce = new ArrayList<>();
  private final AtomicInteger ids = new AtomicInteger();
  private RedisServer redis;
  private Peer a;
  private Peer b;
  private @Nullable Peer victim;

  @BeforeAll
  void begin() throws Exception {
    redis = once(new RedisServer());
    List<Peer> both = start(() -> behind("a"), () -> behind("b"));
    a = once(both.get(0)).reached();
    b = once(both.get(1)).reached();
  }

  @AfterAll
  void end() throws Exception {
    Faults.write();
    close(openedOnce);
  }

  @AfterEach
  void tidy() throws Exception {
    close(opened);
    a.link().restore();
    b.link().restore();
  }

  private static void close(List<AutoCloseable> all) throws Exception {
    for (AutoCloseable each : all.reversed()) {
      each.close();
    }
    all.clear();
  }

  private <T extends AutoCloseable> T with(T resource) {
    opened.add(resource);
    return resource;
  }

  private <T extends AutoCloseable> T once(T resource) {
    openedOnce.add(resource);
    return resource;
  }

  /** Something that takes a while. */
  private interface Start<T> {
    T run() throws Exception;
  }

  /** All at once. */
  @SafeVarargs
  private static <T> List<T> start(Start<T>... starts) throws Exception {
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread::new)) {
      var started = new ArrayList<Future<T>>();
      for (Start<T> each : starts) {
        started.add(threads.submit(each::run));
      }
      var all = new ArrayList<T>();
      for (Future<T> each : started) {
        all.add(each.get());
      }
      return all;
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private Peer behind(String id) throws IOException, InterruptedException {
    return Peer.behind(id, new Link(redis.port()), SETTINGS);
  }

  /** A third server, which may be killed. */
  private Peer victim() throws IOException, InterruptedException {
    if (victim == null || !victim.isAlive()) {
      victim = once(behind("c" + ids.incrementAndGet())).reached();
    }
    return victim;
  }

  private Load load(String room, Peer... peers) throws InterruptedException {
    return with(new Load(room, List.of(peers), true));
  }

  /** The same, where Redis forgets what was said, so that what is said again is told again. */
  private Load forgetfulLoad(String room, Peer... peers) throws InterruptedException {
    return with(new Load(room, List.of(peers), false));
  }

  private Tape tape(String name, Peer peer, String room) {
    return with(new Tape(name, peer, room));
  }

  // --- Redis fails -------------------------------------------------------------------------------

  @Test
  void what_is_said_while_redis_is_paused_is_refused_or_told_once() throws Exception {
    Load load = load("paused", a, b);
    redis.pause();
    load.hold(Duration.ofSeconds(5), redis::unpause);
    load.judge("redis paused 5 s").isWhole().isAnswered().isHealedWithin(5);
  }

  @Test
  void a_redis_that_comes_back_empty_begins_the_rooms_anew() throws Exception {
    Load load = forgetfulLoad("emptied", a, b);
    redis.kill();
    load.hold(Duration.ofMillis(500), redis::start);
    load.judge("redis killed, back empty").isInOrder().isAnswered().isHealedWithin(5);
    Tape ear = load.listener(a);
    assertThat(ear.members())
        .containsExactlyInAnyOrderElementsOf(
            List.of(load.at(a), load.at(b)).stream().flatMap(List::stream).map(Tape::id).toList());
  }

  @Test
  void a_redis_that_keeps_its_files_loses_nothing_when_it_is_killed() throws Exception {
    RedisServer lasting = with(new RedisServer("--appendonly", "yes"));
    List<Peer> both = start(() -> Peer.at("fa", lasting.url()), () -> Peer.at("fb", lasting.url()));
    both.forEach(each -> with(each).reached());
    Load load = load("lasting", both.get(0), both.get(1));
    lasting.kill();
    load.hold(Duration.ofMillis(500), lasting::start);
    load.judge("redis killed, back with its files").isWhole().isAnswered().isHealedWithin(5);
    Tape ear = load.listener(both.get(0));
    assertThat(ear.heard().stream().map(each -> each.place().epoch()).distinct()).hasSize(1);
  }

  @Test
  void sentinels_put_a_replica_in_the_place_of_redis() throws Exception {
    Sentinels sentinels = with(new Sentinels());
    List<Peer> both =
        start(() -> Peer.at("na", sentinels.url()), () -> Peer.at("nb", sentinels.url()));
    both.forEach(each -> with(each).reached());
    Load load = forgetfulLoad("failover", both.get(0), both.get(1));
    sentinels.failover();
    load.judge("redis failed over by sentinels").isInOrder().isAnswered().isHealedWithin(10);
  }

  @Test
  void scripts_that_redis_forgets_are_given_to_it_again() throws Exception {
    Load load = load("flushed", a, b);
    for (int i = 0; i < 10; i++) {
      load.hold(Duration.ofMillis(50), () -> redis.command("SCRIPT", "FLUSH"));
    }
    load.judge("redis' scripts flushed 10 times").isWhole().isAnswered().isHealedWithin(2);
  }

  // --- links fail --------------------------------------------------------------------------------

  @Test
  void a_long_way_to_redis_is_slow_and_nothing_else() throws Exception {
    Load load = load("far", a, b);
    a.link().delay(Duration.ofMillis(100));
    b.link().delay(Duration.ofMillis(100));
    double slow = load.heal();
    load.hold(Duration.ofSeconds(1), () -> {});
    load.judge("links delayed 100 ms each way", slow).isWhole().isAnswered().isHealedWithin(2);
    Load again = load("far again", a, b);
    redis.command("CLIENT", "KILL", "TYPE", "normal");
    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    again
        .judge("connections killed, links delayed 100 ms each way")
        .isWhole()
        .isAnswered()
        .isHealedWithin(10);
  }

  @Test
  void a_link_that_is_cut_costs_nothing_that_was_answered() throws Exception {
    Load load = load("cut", a, b);
    b.link().cut();
    load.hold(Duration.ofSeconds(3), b.link()::restore);
    load.judge("one link cut 3 s").isWhole().isAnswered().isHealedWithin(5);
  }

  @Test
  void a_link_that_is_a_black_hole_for_longer_than_the_lease_is_found_out() throws Exception {
    Load load = load("hole", a, b);
    List<Tape> there = load.at(b);
    b.link().blackHole();
    load.hold(Duration.ofSeconds(4), b.link()::restore);
    load.judge("one link a black hole 4 s").isWhole().isAnswered().isHealedWithin(5);
    assertLeftAndEnteredOnce(load.listener(a), there);
  }

  @Test
  void links_that_flap_cost_nothing_that_was_answered() throws Exception {
    Load load = load("flap", a, b);
    for (int i = 0; i < 8; i++) {
      load.hold(Duration.ofMillis(300), () -> {});
      a.link().cut();
      b.link().cut();
      load.hold(
          Duration.ofMillis(300),
          () -> {
            a.link().restore();
            b.link().restore();
          });
    }
    load.judge("links cut every 300 ms for 5 s").isWhole().isAnswered().isHealedWithin(5);
  }

  // --- servers fail ------------------------------------------------------------------------------

  @Test
  void a_killed_server_leaves_no_ghosts() throws Exception {
    Peer c = victim();
    Load load = load("killed", a, b, c);
    Tape wanderer = load.listener("w", c);
    Tape.await("what w knows", () -> wanderer.heard().size() > 10);
    List<Tape> there = load.at(c);
    List<String> ghosts = there.stream().map(Tape::id).toList();
    long killed = System.nanoTime();
    c.kill();
    load.gone(c);
    Cursor known = wanderer.last();
    wanderer.connect(b);
    Json.Obj answer = wanderer.enter(known);
    assertThat(Talker.encoded(answer)).contains("\"recovered\":true");
    double healed = load.heal();
    Tape ear = load.listener(a);
    Tape.await(
        "all have left", () -> ghosts.stream().allMatch(each -> ear.moves("left", each) > 0));
    double seconds =
        (ear.moves().stream()
                    .filter(each -> each.text().contains("left"))
                    .mapToLong(Tape.Heard::at)
                    .max()
                    .orElseThrow()
                - killed)
            / 1e9;
    Faults.note("one of three killed", "ghosts for %.1f s".formatted(seconds));
    assertThat(ear.members()).doesNotContainAnyElementsOf(ghosts);
    load.judge("one of three killed", healed).isWhole().isHealedWithin(2);
    for (String ghost : ghosts) {
      assertThat(ear.moves("left", ghost)).isEqualTo(1);
      assertThat(load.listener(b).moves("left", ghost)).isEqualTo(1);
    }
    // The lease, the time that is added to it, a beat, and a busy machine's share.
    assertThat(seconds).isLessThan(Peer.LEASE.toMillis() / 1000.0 * 1.2 + 2);
  }

  /** Many farewells are said by the servers that stay, beside all that is said there. */
  @Test
  void many_members_of_a_killed_server_leave_while_others_speak() throws Exception {
    Peer c = victim();
    Load load = load("many", a, b);
    var crowd = new ArrayList<Tape>();
    for (int i = 0; i < 100; i++) {
      crowd.add(tape("m" + i, c, "many"));
    }
    Tape ear = load.listener(a);
    long killed = System.nanoTime();
    c.kill();
    Tape.await(
        "all have left",
        () ->
            ear.moves().stream().filter(each -> each.text().contains("left")).count()
                >= crowd.size());
    Faults.note(
        "a server with 100 members killed",
        "ghosts for %.1f s".formatted((System.nanoTime() - killed) / 1e9));
    load.judge("a server with 100 members killed").isWhole().isAnswered();
    for (Tape member : crowd) {
      assertThat(ear.moves("left", member.id())).as("%s", member).isEqualTo(1);
    }
  }

  @Test
  void a_server_that_was_stopped_for_a_while_comes_in_again() throws Exception {
    Peer c = victim();
    Load load = load("stopped", a, c);
    List<Tape> there = load.at(c);
    c.pause();
    load.hold(Duration.ofSeconds(6), c::unpause);
    load.judge("one server stopped 6 s").isWhole().isAnswered().isHealedWithin(5);
    assertThat(there).noneMatch(Tape::ended);
    assertLeftAndEnteredOnce(load.listener(a), there);
    assertThat(load.listener(a).members()).containsAll(there.stream().map(Tape::id).toList());
  }

  private static void assertLeftAndEnteredOnce(Tape ear, List<Tape> members)
      throws InterruptedException {
    for (Tape member : members) {
      Tape.comes(
          Duration.ofSeconds(5),
          () -> {
            List<Tape.Heard> moves = ear.moves();
            return !moves.isEmpty() && ear.moves("entered", member.id()) == 2;
          });
      List<String> moves =
          ear.moves().stream()
              .filter(each -> each.from().equals(member.id()))
              .map(each -> each.text().contains("left") ? "left" : "entered")
              .toList();
      assertThat(moves).as("%s", member).containsExactly("entered", "left", "entered");
    }
  }

  @Test
  void a_server_that_is_told_to_stop_tells_all_that_it_has_answered() throws Exception {
    Peer c = victim();
    Load load = load("terminated", a, b, c);
    List<Tape> there = load.at(c);
    long told = System.nanoTime();
    c.terminate();
    load.gone(c);
    Tape.await("the end of all connections", () -> there.stream().allMatch(Tape::ended));
    for (Tape each : there) {
      assertThat(each.goodbye()).as("%s", each).isNotNull();
      assertThat(Talker.encoded(each.goodbye()))
          .contains("\"reason\":\"server shutdown\"", "\"reconnectAfter\":");
    }
    Tape ear = load.listener(a);
    Tape.await(
        "all have left", () -> there.stream().allMatch(each -> ear.moves("left", each.id()) > 0));
    double seconds = (System.nanoTime() - told) / 1e9;
    Faults.note("one of three told to stop", "ghosts for %.1f s".formatted(seconds));
    assertThat(c.status()).isZero();
    load.judge("one of three told to stop").isWhole().isHealedWithin(2);
    there.forEach(each -> assertThat(ear.moves("left", each.id())).isEqualTo(1));
    assertThat(ear.members()).doesNotContainAnyElementsOf(there.stream().map(Tape::id).toList());
    assertThat(seconds).isLessThan(2);
  }

  // --- starting ----------------------------------------------------------------------------------

  @Test
  void a_server_that_is_started_while_redis_is_away_works_once_it_is_there() throws Exception {
    var link = new Link(redis.port());
    link.cut();
    Peer early = with(Peer.behind("early", link, SETTINGS));
    early.awaitLog("cannot be used");
    Tape there = tape("there", early, "early");
    assertThat(Tape.text(there.say("too early"), "error")).startsWith(REFUSED);
    Tape here = tape("here", a, "early");
    link.restore();
    long restored = System.nanoTime();
    Json.Obj answer = there.say("now?");
    while (answer.get("error") != null) {
      assertThat(Tape.text(answer, "error")).startsWith(REFUSED);
      assertThat(System.nanoTime() - restored).isLessThan(Duration.ofSeconds(10).toNanos());
      LockSupport.parkNanos(20_000_000);
      answer = there.say("now?");
    }
    Faults.note(
        "started while redis was away",
        "works after %.1f s".formatted((System.nanoTime() - restored) / 1e9));
    Tape.await("now?", () -> here.heard().stream().anyMatch(each -> each.text().equals("now?")));
    Tape.await("entering", () -> here.moves("entered", there.id()) == 1);
    assertThat(here.heard()).hasSize(1);
    here.say("yes");
    Tape.await("yes", () -> there.heard().stream().anyMatch(each -> each.text().equals("yes")));
    assertThat(here.members()).containsExactlyInAnyOrder(here.id(), there.id());
    assertThat(early.logged("cannot be used")).isEqualTo(1);
    assertThat(early.logged("connected to Redis")).isEqualTo(1);
  }

  @Test
  void a_redis_that_will_not_do_is_logged_once_and_the_server_stays_up() throws Exception {
    RedisServer locked = with(new RedisServer("--requirepass", "open sesame"));
    RedisServer replica =
        with(new RedisServer("--replicaof", "127.0.0.1", String.valueOf(redis.port())));
    Link old = new Link(redis.port());
    Matcher version =
        Pattern.compile("redis_version:\\d+(\\S+)")
            .matcher(String.valueOf(redis.command("INFO", "server")));
    assertThat(version.find()).isTrue();
    old.rewrite(Link.replace(version.group(), "redis_version:5" + version.group(1)));
    List<Peer> peers =
        start(
            () -> Peer.at("locked", locked.url()),
            () -> Peer.at("replica", replica.url()),
            () -> Peer.behind("old", old));
    peers.forEach(this::with);
    List<String> reasons =
        List.of(
            "Redis needs a password",
            "the server is a replica",
            "Redis 5" + version.group(1) + " is too old");
    List<RedisServer> servers = List.of(locked, replica, redis);
    for (int i = 0; i < peers.size(); i++) {
      peers.get(i).awaitLog(reasons.get(i));
    }
    for (int i = 0; i < peers.size(); i++) {
      Peer peer = peers.get(i);
      awaitConnections(servers.get(i), 3);
      assertThat(peer.logged(reasons.get(i))).as("%s", peer.log()).isEqualTo(1);
      assertThat(peer.isAlive()).isTrue();
      assertThat(Tape.text(tape("t", peer, "any").say("anybody?"), "error")).startsWith(REFUSED);
    }
  }

  /** Waits until somebody has connected to Redis so many times more. */
  private static void awaitConnections(RedisServer redis, int count) throws IOException {
    long first = connections(redis);
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    for (int asked = 1; connections(redis) - first < count + asked; asked++) {
      assertThat(System.nanoTime()).as("in time").isLessThan(end);
      LockSupport.parkNanos(50_000_000);
    }
  }

  private static long connections(RedisServer redis) throws IOException {
    Matcher count =
        Pattern.compile("total_connections_received:(\\d+)")
            .matcher(String.valueOf(redis.command("INFO", "stats")));
    assertThat(count.find()).isTrue();
    return Long.parseLong(count.group(1));
  }

  // --- what others put into Redis ----------------------------------------------------------------

  @Test
  void what_is_forged_is_not_heard() throws Exception {
    Load load = load("forged", a, b);
    String channel = "earshot:{forged}";
    Cursor end = load.listener(a).last();
    assertThat(end).isNotNull();
    String post = "{\"p\":\"x\",\"n\":1,\"t\":1,\"f\":\"x\",\"m\":\"forged\"}";
    for (String forgery :
        List.of(
            "",
            "rubbish",
            " ",
            ":",
            "-1:-1 - {}",
            end + " - {",
            end.epoch() + ":999999 - " + post,
            end.epoch() + ":" + (end.offset() + 30) + " AAAAAAAAAAAAAAAAAAAAAA " + post,
            "other:1 - " + post,
            "x".repeat(100_000))) {
      redis.command("PUBLISH", channel, forgery);
    }
    for (String inbox : listed(redis, "PUBSUB", "CHANNELS", "earshot:{peers}:*")) {
      for (String words : List.of("", "beat", "beat 1", "rubbish", "- {\"from\":1}", "- []")) {
        redis.command("PUBLISH", inbox, words);
      }
    }
    load.judge("forged messages on the channel").isWhole().isAnswered().isHealedWithin(1);
    assertThat(a.logged("dropped a message")).isPositive();
  }

  private static List<String> listed(RedisServer redis, String... words) throws IOException {
    return redis.command(words) instanceof List<?> all
        ? all.stream().map(String::valueOf).toList()
        : List.of();
  }

  // --- a Redis Cluster ---------------------------------------------------------------------------

  @Test
  void the_rooms_are_spread_over_a_redis_cluster() throws Exception {
    RedisCluster cluster = with(new RedisCluster());
    String url = String.join(",", cluster.urls());
    List<Peer> both = start(() -> Peer.at("ca", url), () -> Peer.at("cb", url));
    both.forEach(each -> with(each).reached());
    var here = new ArrayList<Tape>();
    var there = new ArrayList<Tape>();
    for (int i = 0; i < 30; i++) {
      here.add(tape("h" + i, both.get(0), "room " + i));
      there.add(tape("t" + i, both.get(1), "room " + i));
    }
    for (int i = 0; i < 30; i++) {
      Tape one = here.get(i);
      Tape other = there.get(i);
      assertThat(one.say("hello " + i).get("error")).isNull();
      Tape.await("hello", () -> other.heard().size() == 1);
      assertThat(other.say("hello yourself " + i).get("error")).isNull();
      Tape.await("hello yourself", () -> one.heard().size() == 1);
      assertThat(one.heard().getFirst().text()).isEqualTo("hello yourself " + i);
      assertThat(other.heard().getFirst().text()).isEqualTo("hello " + i);
      assertThat(one.members()).containsExactlyInAnyOrder(one.id(), other.id());
    }
    var rooms = new ArrayList<String>();
    for (RedisServer node : cluster.nodes()) {
      List<String> channels = listed(node, "PUBSUB", "SHARDCHANNELS");
      assertThat(channels).as("of %s", node.url()).isNotEmpty();
      assertThat(listed(node, "PUBSUB", "CHANNELS")).isEmpty();
      channels.stream().filter(each -> each.contains("{room ")).forEach(rooms::add);
    }
    assertThat(rooms).hasSize(30).doesNotHaveDuplicates();
  }

  // --- clients that go from one server to another ------------------------------------------------

  @Test
  void an_http_client_that_asks_now_here_now_there_is_one_member() throws Exception {
    var web = new Web();
    Tape alice = tape("alice", b, "web");
    Tape bob = tape("bob", a, "web");
    web.get(a, "/chat/?method=roomChange&room=web");
    Tape.await("the client", () -> !alice.moves().isEmpty() && !bob.moves().isEmpty());
    List<Peer> turns = List.of(a, b);
    var told = new ArrayList<String>();
    var got = new ArrayList<String>();
    for (int i = 0; i < 20; i++) {
      String text = "m" + i;
      told.add(text);
      assertThat((i % 3 == 0 ? alice : bob).say(text).get("error")).isNull();
      if (i % 2 == 0) {
        got.addAll(web.messages(turns.get(i / 2 % 2)));
      }
    }
    for (int i = 0; got.size() < told.size() && i < 40; i++) {
      got.addAll(web.messages(turns.get(i % 2)));
    }
    assertThat(got).isEqualTo(told);
    assertThat(Talker.encoded(web.get(b, "/chat/?method=messages"))).contains("\"message\":null");
    web.get(b, "/chat/?method=say&message=hi");
    web.get(a, "/chat/?method=say&message=ho");
    Tape.await("what it says", () -> alice.heard().stream().anyMatch(e -> e.text().equals("ho")));
    assertThat(alice.heard().stream().map(Tape.Heard::text).filter(each -> each.startsWith("h")))
        .containsExactly("hi", "ho");
    assertThat(alice.members()).hasSize(3).doesNotHaveDuplicates();
    assertThat(bob.members()).containsExactlyElementsOf(alice.members());
    assertThat(Talker.encoded(web.get(a, "/chat/?method=roomView"))).contains("\"membersCount\":3");
  }

  /** A client with cookies. */
  private static final class Web {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private final Map<String, String> cookies = new HashMap<>();

    Json.Obj get(Peer peer, String path) throws Exception {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + peer.httpPort() + path))
              .timeout(Tape.PATIENCE);
      if (!cookies.isEmpty()) {
        request.header(
            "Cookie",
            String.join(
                "; ",
                cookies.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList()));
      }
      HttpResponse<String> answer =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      for (String cookie : answer.headers().allValues("set-cookie")) {
        String[] pair = cookie.split(";", 2)[0].split("=", 2);
        cookies.put(pair[0], pair[1]);
      }
      var fields = (Json.Obj) Json.parse(answer.body());
      assertThat(fields.get("error")).as("%s of %s: %s", path, peer, answer.body()).isNull();
      return fields;
    }

    /** The next message, if there is one soon. */
    List<String> messages(Peer peer) throws Exception {
      Json.Obj answer = get(peer, "/chat/?method=messages&wait=1000");
      return answer.get("message") instanceof Json.Obj message
              && !Tape.text(message, "message").startsWith("I have ")
          ? List.of(Tape.text(message, "message"))
          : List.of();
    }
  }

  @Test
  void a_session_is_resumed_on_another_server() throws Exception {
    Tape stays = tape("stays", b, "session");
    Tape moves = tape("moves", a, "session");
    String id = moves.id();
    String session = Tape.text(moves.welcome(), "session");
    stays.say("before");
    Tape.await("before", () -> moves.heard().size() == 1);
    Cursor known = moves.last();
    moves.cut();
    for (int i = 0; i < 5; i++) {
      stays.say("meanwhile " + i);
    }
    moves.connect(b);
    Json.Obj answer =
        moves.ask(
            Map.of(
                "event",
                "resume",
                "session",
                session,
                "after",
                Map.of("session", String.valueOf(known))));
    assertThat(Talker.encoded(answer)).contains("\"status\":\"OK\"", "\"recovered\":true");
    stays.say("after");
    Tape.await("after", () -> moves.heard().stream().anyMatch(each -> each.text().equals("after")));
    assertThat(moves.heard().stream().map(Tape.Heard::text))
        .containsExactly(
            "before",
            "meanwhile 0",
            "meanwhile 1",
            "meanwhile 2",
            "meanwhile 3",
            "meanwhile 4",
            "after");
    assertThat(Tape.text(moves.ask(Map.of("event", "detailsView")), "data", "id")).isEqualTo(id);
    assertThat(stays.members()).containsExactly(stays.id(), id);
    assertThat(stays.moves().stream().map(Tape.Heard::text))
        .containsExactly("I have entered the room");
    moves.say("it is me");
    Tape.await("it is me", () -> stays.heard().size() == 1);
    assertThat(stays.heard().getFirst().from()).isEqualTo(id);
  }

  @Test
  void what_is_for_one_is_heard_by_that_one_on_whatever_server() throws Exception {
    Tape speaker = tape("speaker", a, "match");
    Tape meant = tape("meant", b, "match");
    Tape other = tape("other", b, "match");
    Json.Obj answer =
        speaker.ask(
            Map.of(
                "event", "say",
                "message", "for one",
                "roomMatchKey", "id",
                "roomMatchValue", meant.id()));
    assertThat(answer.get("error")).isNull();
    speaker.say("for all");
    Tape.await("all", () -> meant.heard().size() == 2 && !other.heard().isEmpty());
    assertThat(meant.heard().stream().map(Tape.Heard::text)).containsExactly("for one", "for all");
    assertThat(other.heard().stream().map(Tape.Heard::text)).containsExactly("for all");
  }
}
