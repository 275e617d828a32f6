package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.RoomStatus;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which members receive a message, and in how many writes. */
final class FanoutTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final ChatRoom chatRoom = server.earshot.api().chatRoom();

  @Test
  void a_message_reaches_each_other_member_and_listener_once_and_not_the_speaker() {
    var all = Recipients.in(server);
    Guest speaker = all.sender();
    assertThat(speaker.ask("say hello")).contains("\"status\":\"OK\"");
    assertThat(speaker.heard()).isEmpty();
    assertThat(all.member().hear())
        .containsExactly(
            "{\"message\":\"hello\",\"room\":\"defaultRoom\",\"from\":\""
                + speaker.id()
                + "\",\"context\":\"user\",\"sentAt\":1357000000000,\"offset\":1,\"epoch\":\""
                + EngineInside.rooms(server.earshot)
                    .shard("defaultRoom")
                    .room("defaultRoom")
                    .cursor()
                    .epoch()
                + "\"}");
    assertThat(all.listener().heard()).containsExactly("hello");
    assertThat(all.both().heard()).containsExactly("hello");
    assertThat(all.outsider().heard()).isEmpty();
  }

  @Test
  void the_messages_of_one_turn_are_one_write_for_each_member() {
    Guest one = server.guest();
    Guest two = server.guest();
    Guest subscriber = server.guest();
    server.settle();
    subscriber.writes = 0;
    one.send("say a");
    two.send("say b");
    one.send("say c");
    server.settle();
    assertThat(subscriber.writes).isEqualTo(1);
    assertThat(subscriber.heard()).containsExactly("a", "b", "c");
    assertThat(one.heard()).containsExactly("b");
    assertThat(two.heard()).containsExactly("a", "c");
  }

  @Test
  void
      in_the_middle_of_a_turn_a_joining_member_gets_the_later_messages_and_a_leaving_one_the_earlier() {
    Guest speaker = server.guest();
    Guest leaver = server.guest();
    Guest joiner = server.guest();
    joiner.ask("roomChange attic");
    Stream.of(leaver, joiner).forEach(Guest::hear);
    speaker.send("say before");
    joiner.send("roomChange defaultRoom");
    leaver.send("roomChange attic");
    speaker.send("say after");
    server.settle();
    assertThat(leaver.heard()).containsExactly("before");
    assertThat(joiner.heard()).containsExactly("after");
  }

  @Test
  void a_long_batch_is_sent_before_the_end_of_the_turn_without_loss_or_repetition() {
    Guest speaker = server.guest();
    Guest subscriber = server.guest();
    subscriber.hear();
    String text = "x".repeat(1000);
    IntStream.range(0, 200).forEach(i -> speaker.send("say " + i + text));
    assertThat(subscriber.writes).isGreaterThan(1);
    assertThat(subscriber.heard())
        .isEqualTo(IntStream.range(0, 200).mapToObj(i -> i + text).toList());
    assertThat(speaker.heard()).isEmpty();
  }

  @Test
  void a_message_reaches_only_the_audience_of_the_senders_params_while_they_are_set() {
    Guest speaker = server.guest();
    Guest friend = server.guest();
    Guest other = server.guest();
    Guest friendInAnotherRoom = server.guest();
    friendInAnotherRoom.ask("roomChange attic");
    friendInAnotherRoom.ask("listenToRoom defaultRoom");
    friend.connection().set("auth", "true");
    friendInAnotherRoom.connection().set("auth", "true");
    other.ask("paramAdd auth=true"); // params of a client are no attributes
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say secret");
    speaker.ask("paramAdd roomMatchKey=id");
    speaker.ask("paramAdd roomMatchValue=" + other.id());
    speaker.ask("say psst");
    speaker.ask("paramsDelete");
    speaker.ask("say hello");
    assertThat(friend.heard()).containsExactly("secret", "hello");
    assertThat(friendInAnotherRoom.heard()).containsExactly("secret", "hello");
    assertThat(other.heard()).containsExactly("psst", "hello");
  }

  @Test
  void an_audience_in_the_middle_of_a_turn_leaves_the_other_messages_complete() {
    Guest speaker = server.guest();
    Guest one = server.guest();
    Guest two = server.guest();
    Stream.of(one, two).forEach(Guest::hear);
    speaker.send("say a");
    speaker.send(
        "{\"event\":\"say\",\"message\":\"b\",\"roomMatchKey\":\"id\",\"roomMatchValue\":\""
            + one.id()
            + "\"}");
    two.send("say c");
    speaker.send("say d");
    server.settle();
    assertThat(one.heard()).containsExactly("a", "b", "c", "d");
    assertThat(two.heard()).containsExactly("a", "d");
    assertThat(speaker.heard()).containsExactly("c");
  }

  @Test
  void an_audience_without_a_value_or_with_an_unknown_attribute_reaches_no_member() {
    Guest speaker = server.guest();
    Guest subscriber = server.guest();
    for (String key :
        List.of("auth", "type", "__proto__", "constructor", "class", "remoteAddress")) {
      speaker.ask("paramAdd roomMatchKey=" + key);
      speaker.ask("say no value");
      speaker.ask("paramAdd roomMatchValue=undefined");
      speaker.ask("say no such attribute");
      speaker.ask("paramDelete roomMatchValue");
    }
    speaker.ask("paramDelete roomMatchKey");
    speaker.ask("paramAdd roomMatchValue=x");
    speaker.ask("say value alone is no filter");
    assertThat(subscriber.heard()).containsExactly("value alone is no filter");
  }

  @Test
  void a_slow_consumer_is_disconnected_in_the_middle_of_a_flush_and_no_other_member_is() {
    Guest speaker = server.guest();
    List<Guest> subscribers = Stream.generate(server::guest).limit(5).toList();
    subscribers.forEach(Guest::hear);
    subscribers.get(2).pending = EngineInside.config(server.earshot).limits().outboundBytes() + 1;
    speaker.ask("say one");
    speaker.ask("say two");
    assertThat(subscribers.get(2).finished).isTrue();
    assertThat(subscribers.get(2).hear())
        .satisfiesExactly(
            line -> assertThat(line).contains("\"message\":\"one\""),
            line -> assertThat(line).contains("Bye!", "resume from your cursor"),
            line -> assertThat(line).isEqualTo("end " + Ending.BEHIND.code()));
    for (int i : new int[] {0, 1, 3, 4}) {
      assertThat(subscribers.get(i).heard()).containsExactly("one", "two");
    }
    assertThat(status("defaultRoom").membersCount()).isEqualTo(5);
  }

  private RoomStatus status(String room) {
    var answer = chatRoom.socketRoomStatus(room).toCompletableFuture();
    server.settle();
    return answer.join();
  }
}
