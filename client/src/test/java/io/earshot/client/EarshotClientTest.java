package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.netty.EarshotServer;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The client against a real server, by either door, over a link that breaks. */
@ParameterizedClass
@ValueSource(strings = {"ws", "tcp"})
@Timeout(60)
final class EarshotClientTest {
  private static final Duration SOON = Duration.ofMillis(20);

  private final List<AutoCloseable> open = new ArrayList<>();

  @Parameter
  @SuppressWarnings("NullAway.Init")
  String scheme;

  private EarshotServer server = started();
  private @Nullable Proxy proxy;

  private static EarshotServer started(String... settings) {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("commonWeb.cookieSecret", "a secret that is the same after a restart");
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    try {
      return EarshotServer.start(config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    server.close();
  }

  private <T extends AutoCloseable> T opened(T closeable) {
    open.add(closeable);
    return closeable;
  }

  private int port() {
    return scheme.equals("ws") ? server.httpPort() : server.tcpPort();
  }

  private URI uri(int port) {
    return URI.create(scheme + "://localhost:" + port);
  }

  private EarshotClient client() {
    return opened(EarshotClient.connect(uri(port())));
  }

  /** A client whose link breaks when it is told to. */
  private EarshotClient shaky(EarshotClient.Builder builder) {
    return opened(builder.backoff(SOON, Duration.ofMillis(200)).connect());
  }

  private Proxy proxy() throws IOException {
    if (proxy == null) {
      proxy = opened(new Proxy(port()));
    }
    return proxy;
  }

  private EarshotClient shaky() throws IOException {
    return shaky(EarshotClient.builder(uri(proxy().port())));
  }

  private static BlockingQueue<Event> events(Room room) {
    var all = new LinkedBlockingQueue<Event>();
    room.onEvent(all::add);
    return all;
  }

  private static Event next(BlockingQueue<Event> events) throws InterruptedException {
    Event event = events.poll(20, TimeUnit.SECONDS);
    assertThat(event).isNotNull();
    return event;
  }

  /** The texts of the next messages; other events are left out. */
  private static List<String> texts(BlockingQueue<Event> events, int count)
      throws InterruptedException {
    var texts = new ArrayList<String>();
    while (texts.size() < count) {
      if (next(events) instanceof Event.Message message) {
        texts.add(message.text());
      }
    }
    return texts;
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static void await(EarshotClient client, State state) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (client.state() != state) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
  }

  // --- rooms -----------------------------------------------------------------------------------

  @Test
  void what_one_says_the_others_hear() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    BlockingQueue<Event> heard = events(ada.join("attic"));
    Room attic = bob.join("attic");
    assertThat(next(heard)).isEqualTo(new Event.Joined(bob.id()));
    Cursor at = attic.say(Map.of("n", 1));
    assertThat(next(heard))
        .isInstanceOfSatisfying(
            Event.Message.class,
            message -> {
              assertThat(message.message()).isEqualTo(Json.from(Map.of("n", 1)));
              assertThat(message.from()).isEqualTo(bob.id());
              assertThat(message.place()).isEqualTo(at);
              assertThat(message.sentAt()).isPositive();
            });
    assertThat(attic.members().members()).containsExactly(ada.id(), bob.id());
    attic.leave();
    assertThat(next(heard)).isEqualTo(new Event.Left(bob.id()));
    assertThatThrownBy(() -> attic.say("from outside"))
        .isInstanceOf(EarshotException.class)
        .hasMessage("Error: you are not in this room");
    assertThat(bob.home().name()).isEqualTo("defaultRoom");
    assertThatThrownBy(() -> bob.home().leave()).hasMessageContaining("default room");
  }

  @Test
  void a_listener_hears_and_one_who_is_meant_hears_alone() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    Room attic = ada.join("attic");
    BlockingQueue<Event> heard = events(bob.listen("attic"));
    get(attic.sayAsync("not for bob", "id", "nobody"));
    get(attic.sayAsync("for bob", "id", bob.id()));
    assertThat(texts(heard, 1)).containsExactly("for bob");
    assertThat(attic.members().members()).containsExactly(ada.id());
  }

  @Test
  void who_is_in_a_room_and_listens_to_it_hears_it_once() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    BlockingQueue<Event> attic = events(ada.join("attic"));
    ada.listen("attic"); // is nothing more
    BlockingQueue<Event> cellar = events(ada.listen("cellar"));
    Room inCellar = bob.join("cellar");
    inCellar.say("who is there?");
    Room joined = ada.join("cellar");
    assertThat(joined.members().members()).containsExactlyInAnyOrder(ada.id(), bob.id());
    inCellar.say("ah");
    inCellar.say("hello");
    bob.join("attic").say("and up here?");
    assertThat(texts(cellar, 3)).containsExactly("who is there?", "ah", "hello");
    assertThat(texts(attic, 1)).containsExactly("and up here?");
    joined.leave();
    inCellar.say("gone");
    ada.join("cellar");
    inCellar.say("back");
    assertThat(inCellar.members().members()).hasSize(2);
  }

  @Test
  void an_action_answers_or_says_why_not() throws Exception {
    server
        .api()
        .actions()
        .add(Action.of("double", call -> call.put("twice", Integer.parseInt(call.text("n")) * 2)));
    EarshotClient ada = client();
    assertThat(ada.action("double", Map.of("n", 21))).containsEntry("twice", Json.of(42));
    assertThatThrownBy(() -> ada.action("fly", Map.of()))
        .hasMessage("Error: fly is not a known action.");
  }

  @Test
  void who_cannot_be_reached_is_named() throws IOException {
    int nobody;
    try (var door = new ServerSocket(0)) {
      nobody = door.getLocalPort();
    }
    assertThatThrownBy(() -> EarshotClient.connect(uri(nobody)))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining("no server at " + scheme + "://localhost:" + nobody);
    for (String none :
        List.of(
            "gopher://localhost",
            "localhost:5000",
            scheme + ":localhost:5000",
            scheme + "://my_host:5000",
            scheme + "://localhost:99999")) {
      assertThatThrownBy(() -> EarshotClient.connect(URI.create(none)))
          .isInstanceOf(EarshotException.class)
          .hasMessageStartingWith("an address is ws://HOST:PORT")
          .hasMessageEndingWith(none);
    }
  }

  @Test
  void who_is_refused_or_finds_nobody_is_told_so_in_words() throws IOException {
    int nobody;
    try (var door = new ServerSocket(0)) {
      nobody = door.getLocalPort();
    }
    assertThatThrownBy(() -> EarshotClient.connect(uri(nobody)))
        .message()
        .containsAnyOf("Connection refused", "nobody listens there");
    assertThatThrownBy(
            () ->
                EarshotClient.connect(
                    URI.create("ws://localhost:" + server.httpPort() + "/nowhere")))
        .hasMessageEndingWith("it answers 200 to a WebSocket");
  }

  @Test
  void what_is_too_long_is_refused_alone() throws Exception {
    BlockingQueue<Event> heard = events(client().join("attic"));
    Room attic = shaky().join("attic");
    CompletionStage<Cursor> before = attic.sayAsync("before");
    CompletionStage<Cursor> tooLong = attic.sayAsync("ü".repeat(40_000));
    CompletionStage<Cursor> after = attic.sayAsync("after");
    assertThatThrownBy(() -> get(tooLong)).hasMessageContaining("have at most 65536 bytes");
    get(before);
    get(after);
    assertThat(texts(heard, 2)).containsExactly("before", "after");
  }

  @Test
  void who_is_closed_says_nothing_more() {
    EarshotClient ada = client();
    Room attic = ada.join("attic");
    ada.close();
    assertThat(ada.state()).isEqualTo(State.CLOSED);
    assertThatThrownBy(() -> attic.say("x")).hasMessage("this client is closed");
    assertThatThrownBy(() -> ada.join("y")).hasMessage("this client is closed");
  }

  @Test
  void one_event_that_somebody_cannot_take_does_not_cost_them_the_next() throws Exception {
    Room attic = client().join("attic");
    var heard = new LinkedBlockingQueue<String>();
    attic.onMessage(
        message -> {
          heard.add(message.text());
          throw new IllegalStateException("cannot");
        });
    Room other = client().join("attic");
    other.say("one");
    other.say("two");
    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("one");
    assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("two");
  }

  @Test
  void who_does_not_keep_up_is_told_of_a_gap() throws Exception {
    Room attic = client().join("attic");
    var ready = new CountDownLatch(1);
    var heard = new LinkedBlockingQueue<Event>();
    attic.onEvent(
        event -> {
          try {
            ready.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          heard.add(event);
        });
    Room other = client().join("attic");
    for (int i = 0; i < 3_000; i += 100) {
      int from = i;
      for (CompletionStage<Cursor> said :
          IntStream.range(from, from + 100).mapToObj(n -> other.sayAsync("m" + n)).toList()) {
        get(said);
      }
    }
    ready.countDown();
    other.say("end");
    boolean gap = false;
    for (Event event = next(heard);
        !(event instanceof Event.Message message && message.text().equals("end"));
        event = next(heard)) {
      gap |= event instanceof Event.Gap;
    }
    assertThat(gap).isTrue();
  }

  // --- a link that breaks ----------------------------------------------------------------------

  @Test
  void who_is_cut_off_comes_back_and_has_missed_nothing() throws Exception {
    EarshotClient shaky = shaky();
    BlockingQueue<Event> heard = events(shaky.join("attic"));
    BlockingQueue<Event> overheard = events(shaky.listen("news"));
    EarshotClient bob = client();
    Room attic = bob.join("attic");
    Room news = bob.join("news");
    attic.say("before");
    assertThat(texts(heard, 1)).containsExactly("before");
    proxy().cut();
    await(shaky, State.RECONNECTING);
    for (int i = 0; i < 20; i++) {
      attic.say("missed " + i);
      news.say("news " + i);
    }
    proxy().mend();
    await(shaky, State.OPEN);
    attic.say("after");
    assertThat(texts(heard, 21))
        .containsExactlyElementsOf(
            IntStream.range(0, 21).mapToObj(i -> i < 20 ? "missed " + i : "after").toList());
    assertThat(overheard).contains(new Event.Resumed(true));
    assertThat(texts(overheard, 20))
        .containsExactlyElementsOf(IntStream.range(0, 20).mapToObj(i -> "news " + i).toList());
  }

  @Test
  void what_is_said_while_away_is_told_once_and_in_order() throws Exception {
    EarshotClient shaky = shaky();
    Room attic = shaky.join("attic");
    BlockingQueue<Event> heard = events(client().join("attic"));
    // These are told, but their answers are lost: they are said again.
    proxy().loseAnswers();
    List<CompletionStage<Cursor>> said = new ArrayList<>();
    IntStream.range(0, 10).forEach(i -> said.add(attic.sayAsync("lost " + i)));
    assertThat(texts(heard, 10)).startsWith("lost 0").endsWith("lost 9");
    proxy().cut();
    await(shaky, State.RECONNECTING);
    IntStream.range(0, 10).forEach(i -> said.add(attic.sayAsync("away " + i)));
    proxy().mend();
    for (CompletionStage<Cursor> each : said) {
      assertThat(get(each).offset()).isPositive();
    }
    attic.say("end");
    assertThat(texts(heard, 11))
        .containsExactlyElementsOf(
            IntStream.range(0, 11).mapToObj(i -> i < 10 ? "away " + i : "end").toList());
  }

  @Test
  void with_a_session_it_is_who_it_was() throws Exception {
    server.close();
    server = started("general.resumeWindow=60s");
    EarshotClient shaky = shaky();
    shaky.join("attic");
    String id = shaky.id();
    BlockingQueue<Event> heard = events(client().join("attic"));
    proxy().cut();
    await(shaky, State.RECONNECTING);
    proxy().mend();
    await(shaky, State.OPEN);
    assertThat(shaky.id()).isEqualTo(id);
    shaky.join("attic").say("nobody saw me go");
    assertThat(next(heard)).isInstanceOf(Event.Message.class);
  }

  @Test
  void after_a_restart_it_is_in_its_rooms_and_knows_that_something_may_be_missing()
      throws Exception {
    EarshotClient shaky = shaky();
    BlockingQueue<Event> heard = events(shaky.join("attic"));
    client().join("attic").say("before");
    assertThat(texts(heard, 1)).containsExactly("before");
    server.close();
    server = started();
    proxy().lead(port());
    await(shaky, State.OPEN);
    Event event = next(heard);
    while (!(event instanceof Event.Resumed)) {
      event = next(heard); // the other one left
    }
    assertThat(event).isEqualTo(new Event.Resumed(false));
    client().join("attic").say("after");
    assertThat(texts(heard, 1)).containsExactly("after");
  }

  @Test
  void a_join_while_away_waits_until_it_is_back() throws Exception {
    EarshotClient shaky = shaky();
    proxy().cut();
    await(shaky, State.RECONNECTING);
    CompletionStage<Room> joining = shaky.joinAsync("attic");
    proxy().mend();
    Room attic = get(joining);
    assertThat(attic.members().members()).containsExactly(shaky.id());
  }

  @Test
  void an_action_that_may_have_run_is_not_run_again() throws Exception {
    var runs = new AtomicInteger();
    server.api().actions().add(Action.of("once", _ -> runs.incrementAndGet()));
    EarshotClient shaky = shaky();
    proxy().loseAnswers();
    CompletionStage<Map<String, Json>> answer = shaky.actionAsync("once", Map.of());
    while (runs.get() == 0) {
      Thread.onSpinWait();
    }
    proxy().cut();
    assertThatThrownBy(() -> get(answer)).hasMessageContaining("the connection was lost");
    proxy().mend();
    await(shaky, State.OPEN);
    assertThat(runs).hasValue(1);
  }

  // --- tokens ----------------------------------------------------------------------------------

  @Test
  void tokens_are_asked_for_and_renewed() throws Exception {
    server.close();
    server = started("tokens.warning=2h");
    var room = server.api().chatRoom().createPrivateRoom();
    var asked = new AtomicInteger();
    EarshotClient ada =
        shaky(
            EarshotClient.builder(uri(proxy().port()))
                .tokens(
                    name -> {
                      if (!name.equals(room.name())) {
                        return null;
                      }
                      asked.incrementAndGet();
                      return room.token("ada", Duration.ofHours(1));
                    }));
    Room inside = ada.join(room.name());
    inside.say("in");
    while (asked.get() < 2) {
      Thread.onSpinWait(); // it was warned at once, and asked again
    }
    proxy().cut();
    await(ada, State.RECONNECTING);
    proxy().mend();
    await(ada, State.OPEN);
    assertThat(inside.members().members()).containsExactly(ada.id());
    assertThatThrownBy(() -> client().join(room.name()))
        .hasMessage("Error: this room asks for a token");
  }

  @Test
  void who_cannot_get_a_token_says_why_and_comes_back_once_they_can() throws Exception {
    var room = server.api().chatRoom().createPrivateRoom();
    var isDown = new AtomicBoolean(true);
    var asked = new AtomicInteger();
    EarshotClient ada =
        shaky(
            EarshotClient.builder(uri(proxy().port()))
                .tokens(
                    _ -> {
                      asked.incrementAndGet();
                      if (isDown.get()) {
                        throw new IllegalStateException("no tokens today");
                      }
                      return room.token("ada", Duration.ofHours(1));
                    }));
    assertThatThrownBy(() -> ada.join(room.name())).hasMessageContaining("no tokens today");
    ada.join("attic").say("where none is needed none is missed");
    isDown.set(false);
    Room inside = ada.join(room.name());
    BlockingQueue<Event> heard = events(inside);
    isDown.set(true);
    proxy().cut();
    await(ada, State.RECONNECTING);
    proxy().mend();
    await(ada, State.OPEN);
    int before = asked.get();
    while (asked.get() < before + 3) {
      Thread.onSpinWait();
    }
    isDown.set(false);
    assertThat(next(heard)).isInstanceOf(Event.Resumed.class);
    assertThat(inside.members().members()).containsExactly(ada.id());
  }

  @Test
  void who_has_no_newer_token_is_out() throws Exception {
    server.close();
    server = started("tokens.warning=0");
    var room = server.api().chatRoom().createPrivateRoom();
    String token = room.token("ada", Duration.ofSeconds(2), Set.of(Permission.JOIN));
    EarshotClient ada =
        opened(
            EarshotClient.builder(uri(port()))
                .tokens(name -> name.equals(room.name()) ? token : null)
                .connect());
    BlockingQueue<Event> heard = events(ada.join(room.name()));
    assertThat(next(heard)).isEqualTo(new Event.Expelled("the token has expired"));
  }

  // --- many ------------------------------------------------------------------------------------

  @Test
  void a_thousand_clients_do_not_take_a_thousand_threads() throws Exception {
    List<EarshotClient> crowd = new ArrayList<>();
    for (int i = 0; i < 1_000; i += 100) {
      List<CompletionStage<EarshotClient>> some =
          IntStream.range(0, 100)
              .mapToObj(_ -> EarshotClient.builder(uri(port())).connectAsync())
              .toList();
      for (CompletionStage<EarshotClient> each : some) {
        crowd.add(opened(get(each)));
      }
    }
    var heard = new CountDownLatch(999);
    crowd.forEach(client -> client.home().onMessage(_ -> heard.countDown()));
    crowd.getFirst().home().say("hello, all");
    assertThat(heard.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(Thread.getAllStackTraces()).hasSizeLessThan(100);
  }
}
