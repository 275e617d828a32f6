package io.earshot.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Messages of other clients of Redis are dropped; users with few rights, and TLS. */
@Timeout(60)
final class ForeignMessagesTest {
  private static final String ROOM = "room";
  private static final String FORGED =
      "{\"p\":\"a\",\"n\":99,\"t\":1,\"f\":\"boss\",\"m\":\"forged\"}";

  private static final String FORGED_SIGNAL =
      "{\"peer\":\"b\",\"from\":\"boss\",\"signal\":\"forged\"}";

  private final List<BrokerPeer> peers = new ArrayList<>();
  private final Warnings warnings = new Warnings();
  private RedisServer redis;

  @BeforeEach
  @SuppressWarnings("NullAway.Init")
  void start() throws Exception {
    redis = new RedisServer();
  }

  @AfterEach
  void end() {
    warnings.close();
    peers.forEach(BrokerPeer::close);
    redis.close();
  }

  private BrokerPeer peer(String name, Config config) {
    var peer = new BrokerPeer(name, Brokers.at(config));
    peers.add(peer);
    peer.start().awaitConnected(1);
    return peer;
  }

  private void publish(String channel, byte[] message) throws IOException {
    try (RespClient client = redis.client(Await.LIMIT)) {
      client.send("PUBLISH".getBytes(UTF_8), channel.getBytes(UTF_8), message);
      assertThat(client.read()).as("listeners").isEqualTo(1L);
    }
  }

  @Test
  void with_a_secret_unsigned_messages_are_dropped() throws Exception {
    Config config = Brokers.config(redis.url()).with("redis.secret", "between us");
    BrokerPeer a = peer("a", config);
    a.open(ROOM);
    a.open("other");
    Cursor place = a.say(ROOM, "first");
    a.say("other", "elsewhere");
    try (RespClient listener = redis.client(Await.LIMIT)) {
      listener.call("SUBSCRIBE", "earshot:{other}");
      a.say("other", "to be played again");
      Object message = Objects.requireNonNull(listener.read());
      assertThat(message).asInstanceOf(InstanceOfAssertFactories.LIST).hasSize(3);
      String signed = String.valueOf(((List<?>) message).get(2));
      String genuine = signed.substring(signed.indexOf(' ') + 1);
      String signature = genuine.substring(0, genuine.indexOf(' '));
      String next = place.epoch() + ":2 ";
      for (String forged :
          List.of(
              next + FORGED,
              next + "- " + FORGED,
              next + signature + " " + FORGED,
              next + genuine,
              next,
              next + signature,
              "~ - " + FORGED_SIGNAL,
              "~ " + signature + " " + FORGED_SIGNAL,
              "~ " + genuine,
              "")) {
        publish("earshot:{room}", forged.getBytes(UTF_8));
      }
    }
    assertThat(a.signals(ROOM)).isEmpty();
    String question = "- {\"from\":\"x\",\"number\":1,\"question\":1}";
    publish("earshot:{peers}:a", question.getBytes(UTF_8));
    Cursor second = a.say(ROOM, "second");
    assertThat(second).isEqualTo(new Cursor(place.epoch(), 2));
    assertThat(a.awaitHeard(ROOM, "second")).containsExactly("first", "second");
    assertThat(warnings.messages()).hasSize(1);
    // A forged entry in the stream is dropped too, and the entries beside it are not.
    redis.command("XADD", "earshot:{room}:log", "3-0", "o", "a:99", "p", "- " + FORGED);
    assertThat(BrokerPeer.texts(a.open(ROOM).posts())).containsExactly("first", "second");
  }

  @Test
  void messages_signed_with_another_secret_are_dropped() {
    Config config = Brokers.config(redis.url());
    BrokerPeer a = peer("a", config.with("redis.secret", "one"));
    BrokerPeer b = peer("b", config.with("redis.secret", "another"));
    a.open(ROOM);
    b.open(ROOM);
    a.say(ROOM, "a");
    b.say(ROOM, "b");
    assertThat(a.awaitHeard(ROOM, "a")).containsExactly("a");
    assertThat(b.awaitHeard(ROOM, "b")).containsExactly("b");
    assertThat(BrokerPeer.texts(a.open(ROOM).posts())).containsExactly("a");
  }

  @Test
  void without_a_secret_malformed_messages_are_dropped() throws Exception {
    BrokerPeer a = peer("a", Brokers.config(redis.url()));
    a.open(ROOM);
    Cursor place = a.say(ROOM, "first");
    String next = place.epoch() + ":2 ";
    for (String rubbish :
        List.of(
            "",
            " ",
            "x",
            "~ ",
            "~ - {}",
            "~ - {\"peer\":\"b\",\"from\":\"boss\"}",
            "~ - {\"peer\":\"b\",\"from\":\"boss\",\"signal\":1,\"user\":{\"id\":\"\"}}",
            next.strip(),
            next,
            next + "- ",
            next + "- {",
            next + "- []",
            next + "- {}",
            next + "- {\"p\":1,\"n\":99,\"t\":1,\"f\":\"boss\",\"m\":\"forged\"}",
            next + "- {\"p\":\"a\",\"n\":-1,\"t\":1,\"f\":\"boss\",\"m\":\"forged\"}",
            next + "- {\"p\":\"a\",\"n\":1e9,\"t\":1,\"f\":\"boss\",\"m\":\"forged\"}",
            next + "- {\"p\":\"a\",\"n\":99,\"t\":1,\"f\":\"boss\"}",
            next + "- " + "[".repeat(100_000),
            next + "- {\"p\":\"\u00ff\u00fe\u00c0",
            "\u00ff\u00fe " + FORGED,
            place.epoch() + ":9999999999999999999999 - " + FORGED,
            place.epoch() + ":-1 - " + FORGED,
            place.epoch() + ":1e3 - " + FORGED,
            "not an epoch!:1 - " + FORGED,
            "beat 1",
            "x".repeat(1 << 20),
            next + "- \"" + "x".repeat(1 << 20) + "\"")) {
      publish("earshot:{room}", rubbish.getBytes(ISO_8859_1));
      publish("earshot:{peers}:a", rubbish.getBytes(ISO_8859_1));
    }
    for (String words :
        List.of(
            "{\"number\":1}",
            "{\"number\":1,\"answer\":\"to nothing\"}",
            "{\"number\":-1.5,\"answer\":1}",
            "{\"number\":99999999999999999999,\"answer\":1}",
            "{\"from\":7,\"number\":1,\"question\":1}",
            "{\"from\":\"nobody\",\"number\":1,\"question\":null}",
            "{\"from\":\"\",\"number\":1e17,\"question\":{}}")) {
      publish("earshot:{peers}:a", ("- " + words).getBytes(UTF_8));
    }
    assertThat(a.say(ROOM, "second")).isEqualTo(new Cursor(place.epoch(), 2));
    assertThat(a.awaitHeard(ROOM, "second")).containsExactly("first", "second");
    assertThat(a.connections()).isEqualTo(1);
    assertThat(warnings.messages()).hasSize(1);
  }

  @Test
  void servers_in_different_databases_of_a_redis_share_no_channels() throws Exception {
    Config secret = Brokers.config(redis.url()).with("redis.secret", "of all of them");
    BrokerPeer a = peer("a", secret);
    BrokerPeer b = peer("b", secret.with("redis.url", redis.url() + "/2"));
    BrokerPeer c = peer("c", secret.with("redis.url", redis.url() + "/2"));
    List.of(a, b, c).forEach(each -> each.open(ROOM));
    a.say(ROOM, "in 0");
    b.say(ROOM, "in 2");
    c.say(ROOM, "too");
    assertThat(a.awaitHeard(ROOM, "in 0")).containsExactly("in 0");
    assertThat(b.awaitHeard(ROOM, "too")).containsExactly("in 2", "too");
    assertThat(c.awaitHeard(ROOM, "too")).containsExactly("in 2", "too");
    assertThat(BrokerPeer.texts(c.open(ROOM).posts())).containsExactly("in 2", "too");
    assertThat(BrokerPeer.get(b.broker().askAll(Json.of("?")))).isNull();
    c.answer(question -> CompletableFuture.<@Nullable Json>completedStage(question));
    assertThat(BrokerPeer.get(b.broker().ask("c", Json.of("?")))).isEqualTo(Json.of("?"));
    // Those of database 0 are named as always, so that servers can be upgraded one by one.
    assertThat((List<?>) Objects.requireNonNull(redis.command("PUBSUB", "CHANNELS")))
        .map(String::valueOf)
        .containsExactlyInAnyOrder(
            "earshot:{room}",
            "earshot:{peers}:a",
            "earshot:db2:{room}",
            "earshot:db2:{peers}:b",
            "earshot:db2:{peers}:c");
  }

  @Test
  void servers_without_a_configured_secret_share_a_random_one() throws Exception {
    Config config =
        Brokers.config(redis.url()).with("redis.lease", "1s").with("redis.timeout", "300ms");
    BrokerPeer a = peer("a", config);
    BrokerPeer b = peer("b", config);
    assertThat(a.secret()).isEqualTo("the secret of a");
    assertThat(b.secret()).isEqualTo(a.secret());
    redis.command("DEL", "earshot:{peers}:secret");
    Await.until(
        "the secret to be in Redis again",
        () -> "the secret of a".equals(redis.command("GET", "earshot:{peers}:secret")));
    // With redis.secret, to read Redis is not enough.
    BrokerPeer c = peer("c", config.with("redis.secret", "between us"));
    BrokerPeer d = peer("d", config.with("redis.secret", "between us"));
    assertThat(c.secret()).hasSize(43).isEqualTo(d.secret());
    // One that was lost and replaced meanwhile is taken over.
    redis.command("SET", "earshot:{peers}:secret", "another");
    Await.until("the other secret", () -> a.secret().equals("another"));
  }

  @Test
  void a_redis_user_with_minimal_rights_is_enough() throws Exception {
    var rule = new ArrayList<>(List.of("ACL", "SETUSER", "earshot", "on", ">pass:word"));
    rule.addAll(List.of("~earshot:*", "&earshot:*", "+@connection", "+@scripting", "+@pubsub"));
    rule.addAll(List.of("+@stream", "+@hash", "+@set", "+@sortedset", "+@string", "+@keyspace"));
    rule.addAll(List.of("-@dangerous", "+time"));
    redis.command(rule.toArray(String[]::new));
    BrokerPeer a =
        peer("a", Brokers.config("redis://earshot:pass%3Aword@127.0.0.1:" + redis.port()));
    a.open(ROOM);
    a.enter(ROOM, "x");
    a.leave(ROOM, "x");
    a.say(ROOM, "1");
    assertThat(a.awaitHeard(ROOM, "1")).containsExactly("hi x", "bye x", "1");
    assertThat(BrokerPeer.get(a.broker().claim("client", Await.LIMIT))).isEqualTo("a");
    var reader = new FeedReader(a, "hook");
    reader.renew(FeedReader.part(ROOM));
    FeedReader.say(a, ROOM, "2");
    FeedReader.add(a, FeedReader.part(ROOM), "event");
    assertThat(reader.takeAll(FeedReader.part(ROOM), 10)).hasSize(2);
  }

  @Test
  void a_redis_user_that_may_not_load_scripts_is_enough() throws Exception {
    redis.command("ACL", "SETUSER", "plain", "on", ">x", "~*", "&*", "+@all", "-script");
    BrokerPeer a = peer("a", Brokers.config("redis://plain:x@127.0.0.1:" + redis.port()));
    a.open(ROOM);
    a.say(ROOM, "1");
    assertThat(a.awaitHeard(ROOM, "1")).containsExactly("1");
    assertThat(warnings.messages()).isEmpty();
  }

  @Test
  void a_redis_user_that_may_not_read_the_shared_secret_is_logged_once() throws Exception {
    redis.command("ACL", "SETUSER", "blind", "on", ">x", "~*", "&*", "+@all", "-get");
    BrokerPeer a = peer("a", Brokers.config("redis://blind:x@127.0.0.1:" + redis.port()));
    a.say(ROOM, "1");
    Await.until("a warning", () -> !warnings.messages().isEmpty());
    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("earshot:{peers}:secret", "SET and GET", "NOPERM", "strings (SET, GET)");
  }

  @Test
  void several_servers_that_are_no_redis_cluster_are_refused() throws Exception {
    try (var other = new RedisServer()) {
      var a = new BrokerPeer("a", Brokers.at(Brokers.config(redis.url() + "," + other.url())));
      peers.add(a);
      a.start();
      Await.until("a warning", () -> !warnings.messages().isEmpty());
      assertThat(warnings.messages()).singleElement().asString().contains("no Redis Cluster");
      assertThat(a.connections()).isZero();
    }
  }

  @Test
  void tls_works_and_an_untrusted_certificate_is_refused(@TempDir Path folder) throws Exception {
    Path key = folder.resolve("key.pem");
    Path certificate = folder.resolve("certificate.pem");
    Process openssl =
        new ProcessBuilder(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
                    .concat(" -subj /CN=redis.example -keyout " + key + " -out " + certificate)
                    .split(" "))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("openssl.log").toFile())
            .start();
    assertThat(openssl.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.exists(certificate)).isTrue();
    int port = Ports.free();
    try (var tls =
        new RedisServer(
            "--tls-port",
            String.valueOf(port),
            "--tls-cert-file",
            certificate.toString(),
            "--tls-key-file",
            key.toString(),
            "--tls-auth-clients",
            "no")) {
      String url = "rediss://127.0.0.1:" + port;
      BrokerPeer a = peer("a", Brokers.config(url + "?verifyPeer=NONE"));
      a.open(ROOM);
      a.say(ROOM, "1");
      assertThat(a.awaitHeard(ROOM, "1")).containsExactly("1");
      assertThat(String.valueOf(tls.command("CLIENT", "LIST"))).contains("name=earshot");
      // A server that cannot verify the certificate sends nothing.
      var b = new BrokerPeer("b", Brokers.at(Brokers.config(url)));
      peers.add(b);
      b.start();
      Await.until("a warning", () -> !warnings.messages().isEmpty());
      assertThat(warnings.messages()).singleElement().asString().contains("certification path");
      assertThat(b.connections()).isZero();
    }
  }
}
