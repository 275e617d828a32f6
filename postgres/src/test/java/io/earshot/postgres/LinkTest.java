package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.FeedEvent;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomMessage;
import io.earshot.testing.Await;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The schema, and who may use it. */
class LinkTest extends PostgresTestCase {

  /** A server as far as the database sees it. */
  private final class Node implements AutoCloseable {
    final FakeContext context;
    final Database database;
    final Link link;

    Node(String identity, String... settings) {
      context = new FakeContext(identity);
      database = new Database(config(settings).postgres());
      link = new Link(database, context, 200);
    }

    Node start() throws InterruptedException {
      link.start();
      return this;
    }

    @Override
    public void close() {
      link.close();
      database.close();
    }
  }

  private Node node(String identity, String... settings) {
    return opened(new Node(identity, settings));
  }

  @Test
  void servers_that_start_at_once_create_one_schema() throws Exception {
    var nodes = new ArrayList<Node>();
    for (int i = 0; i < 6; i++) {
      nodes.add(node("a"));
    }
    var threads = new ArrayList<Thread>();
    for (Node each : nodes) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      each.start();
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    for (Thread each : threads) {
      each.join();
    }
    for (Node each : nodes) {
      Await.until("a link", each.link::isUp);
      assertThat(each.context.problems).isEmpty();
    }
    assertThat(postgres.query("SELECT version FROM " + schema + ".version")).containsExactly("1");
  }

  @Test
  void a_second_deployment_is_refused_until_the_first_has_ended() throws Exception {
    Node first = node("a").start();
    Node mate = node("a").start();
    Node other = node("b").start();
    assertThat(first.link.isUp()).isTrue();
    assertThat(mate.link.isUp()).isTrue();
    assertThat(other.link.fault())
        .contains("the schema " + schema + " is in use by another server or cluster");
    assertThat(other.context.problems).isNotEmpty();
    first.close();
    other.link.pause(100);
    assertThat(other.link.isUp()).isFalse();
    mate.close();
    Await.until("the other one's turn", other.link::isUp);
  }

  @Test
  void two_deployments_with_schemas_of_their_own_do_not_meet() throws Exception {
    Node first = node("a").start();
    Node other = node("b", "postgres.schema=" + schema + "_b").start();
    assertThat(first.link.isUp()).isTrue();
    assertThat(other.link.isUp()).isTrue();
  }

  @Test
  void a_cluster_that_has_a_new_identity_keeps_its_schema() throws Exception {
    Node one = node("a").start();
    Node two = node("a").start();
    one.context.identity = "b";
    two.context.identity = "b";
    Node three = node("b").start();
    Await.until("all three", () -> three.link.isUp() && one.link.isUp() && two.link.isUp());
    assertThat(postgres.query("SELECT identity FROM " + schema + ".deployment"))
        .containsExactly("b");
  }

  @Test
  void a_schema_of_a_later_version_is_not_touched() throws Exception {
    node("a").start().close();
    postgres.execute("UPDATE " + schema + ".version SET version = 99");
    Node old = node("a").start();
    assertThat(old.link.fault()).contains("of version 99").contains("knows version 1");
  }

  @Test
  void a_role_without_rights_is_told_what_it_lacks() throws Exception {
    postgres.execute("DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN");
    Node node = node("a", "postgres.user=weak").start();
    assertThat(node.link.fault())
        .contains("permission denied for database postgres")
        .contains("grant the rights");
    postgres.execute("CREATE SCHEMA " + schema + " AUTHORIZATION weak");
    Await.until("the schema of the role", node.link::isUp);
  }

  @Test
  void a_read_only_database_is_named_as_that() throws Exception {
    postgres.execute(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader SUPERUSER LOGIN",
        "ALTER ROLE reader SET default_transaction_read_only = on");
    Node node = node("a", "postgres.user=reader").start();
    assertThat(node.link.fault()).contains("the database is read-only");
  }

  @Test
  void a_wrong_address_is_one_clear_sentence() throws Exception {
    Node node = node("a", "postgres.url=jdbc:postgresql://127.0.0.1:1/none").start();
    assertThat(node.link.fault()).contains("the database cannot be reached");
    Node none = node("a", "postgres.url=" + postgres.url().replace("/postgres", "/none")).start();
    assertThat(none.link.fault()).contains("create the database, or correct postgres.url");
  }

  @Test
  void a_session_that_the_database_ends_is_replaced() throws Exception {
    Node node = node("a").start();
    Session first = node.link.await();
    postgres.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
            + " application_name = 'earshot'");
    Await.until("another session", () -> node.link.isUp() && node.link.await() != first);
  }

  @Test
  void an_event_that_comes_again_is_one_row() throws Exception {
    Node node = node("a").start();
    var store = new MessageStore(node.database, node.link, node.context);
    List<FeedEvent> events = List.of(event(1), event(2), event(2));
    store.handle(events);
    store.handle(events);
    store.handle(List.of(event(2), event(3)));
    assertThat(store.stored()).isEqualTo(3);
    assertThat(postgres.query("SELECT \"offset\" FROM " + schema + ".messages ORDER BY id"))
        .containsExactly("1", "2", "3");
  }

  @Test
  void a_row_that_postgresql_refuses_does_not_block_the_others() throws Exception {
    Node node = node("a").start();
    var store = new MessageStore(node.database, node.link, node.context);
    postgres.execute("ALTER TABLE " + schema + ".messages ADD CHECK (\"offset\" <> 2)");
    store.handle(List.of(event(1), event(2), event(3)));
    assertThat(rows()).isEqualTo(2);
    assertThat(store.dead()).isEqualTo(1);
    assertThat(
            postgres.query(
                "SELECT convert_from(told, 'UTF8') || reason FROM " + schema + ".messages_dead"))
        .singleElement()
        .asString()
        .contains("message 2")
        .contains("violates check constraint");
    assertThat(node.context.problems).singleElement().asString().contains("messages_dead");
  }

  private static FeedEvent event(int offset) {
    var told =
        new RoomMessage(
            Json.of("message " + offset),
            "orders.1",
            Json.of("shop"),
            1_000 + offset,
            new Cursor("e", offset));
    return new FeedEvent(
        "e:" + offset, FeedEvent.Type.MESSAGE, "orders.1", 1_000 + offset, told.toJson());
  }
}
