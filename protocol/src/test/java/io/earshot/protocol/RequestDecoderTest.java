package io.earshot.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Command.Act;
import io.earshot.protocol.Command.AddParam;
import io.earshot.protocol.Command.ChangeRoom;
import io.earshot.protocol.Command.DeleteParam;
import io.earshot.protocol.Command.DeleteParams;
import io.earshot.protocol.Command.LeaveRoom;
import io.earshot.protocol.Command.Listen;
import io.earshot.protocol.Command.Malformed;
import io.earshot.protocol.Command.Quit;
import io.earshot.protocol.Command.Say;
import io.earshot.protocol.Command.Silence;
import io.earshot.protocol.Command.ViewDetails;
import io.earshot.protocol.Command.ViewParam;
import io.earshot.protocol.Command.ViewParams;
import io.earshot.protocol.Command.ViewRoom;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestDecoderTest {

  @Test
  void help_lists_a_line_for_each_command() {
    Set<Class<?>> shown =
        Command.VERBS.stream()
            .map(verb -> RequestDecoder.line(verb).command().getClass())
            .collect(Collectors.toSet());
    var commands = new HashSet<Class<?>>(List.of(Command.class.getPermittedSubclasses()));
    // Actions are listed beside the verbs; on a line, roomAdd has the meaning of roomChange.
    commands.removeAll(List.of(Act.class, Malformed.class, Command.AddRoom.class));
    assertThat(shown).isEqualTo(commands);
  }

  static Stream<Arguments> lines() {
    return Stream.of(
        Arguments.of("say Hello World", new Say(null, Json.of("Hello World"), null)),
        Arguments.of("say  two  blanks ", new Say(null, Json.of(" two  blanks "), null)),
        Arguments.of("say ", new Say(null, Json.of(""), null)),
        Arguments.of("roomChange attic", new ChangeRoom("attic", Start.LIVE, null)),
        Arguments.of("roomChange two words", new ChangeRoom("two", Start.LIVE, null)),
        Arguments.of("roomChange __proto__", new ChangeRoom("__proto__", Start.LIVE, null)),
        Arguments.of("roomAdd attic", new ChangeRoom("attic", Start.LIVE, null)),
        Arguments.of("roomLeave attic", new LeaveRoom("attic")),
        Arguments.of("roomView", new ViewRoom(null, null)),
        Arguments.of("roomView elsewhere", new ViewRoom(null, null)),
        Arguments.of("listenToRoom attic", new Listen("attic", Start.LIVE, null)),
        Arguments.of("silenceRoom attic", new Silence("attic")),
        Arguments.of("detailsView", new ViewDetails()),
        Arguments.of("paramAdd a=b=c d", new AddParam("a", "b=c d")),
        Arguments.of("paramAdd a=", new AddParam("a", "")),
        Arguments.of("paramView a", new ViewParam("a")),
        Arguments.of("paramDelete a", new DeleteParam("a")),
        Arguments.of("paramsView", new ViewParams()),
        Arguments.of("paramsDelete", new DeleteParams()),
        Arguments.of("quit", new Quit()),
        Arguments.of("exit now please", new Quit()),
        Arguments.of("close", new Quit()),
        Arguments.of("Say hello", new Act("Say", null)),
        Arguments.of("toString", new Act("toString", null)),
        Arguments.of("__proto__ x", new Act("__proto__", null)),
        Arguments.of(" say hello", new Act("", null)),
        Arguments.of("42", new Act("42", null)),
        Arguments.of("\"hello world", new Act("\"hello", null)),
        Arguments.of(
            "{\"action\":\"status\",\"params\":{\"a\":1}}",
            new Act("status", Map.of("a", Json.of(1)))),
        Arguments.of("{\"params\":{}}", new Act("", Map.of())),
        Arguments.of("{\"event\":\"roomView\"}", new ViewRoom(null, null)));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void a_line_is_a_verb_with_words_or_json_or_the_name_of_an_action(String line, Command command) {
    assertThat(RequestDecoder.line(line)).isEqualTo(new Request(command, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "say",
        "roomChange",
        "roomChange ",
        "roomChange  x",
        "listenToRoom",
        "silenceRoom",
        "roomLeave",
        "paramAdd",
        "paramAdd novalue",
        "paramAdd =v",
        "paramView",
        "paramDelete",
        "roomChange a\u0000b",
        "roomChange a\u0085b",
        "{}",
        "[1]",
        "\"x\"",
        "{oops",
        "{\"a\":1} x",
        "[",
        "{\"event\":1}",
        "{\"event\":\"fly\"}",
        "{\"event\":\"say\"}",
        "{\"event\":\"say\",\"message\":1,\"room\":2}",
        "{\"event\":\"roomChange\"}",
        "{\"event\":\"roomChange\",\"room\":\"\"}",
        "{\"event\":\"roomChange\",\"room\":[\"a\"]}",
        "{\"event\":\"roomChange\",\"room\":\"a\\nb\"}",
        "{\"event\":\"paramAdd\",\"key\":\"a\"}",
        "{\"action\":\"a\",\"params\":[]}",
        "{\"event\":\"roomView\",\"messageId\":{}}",
        "{\"event\":\"roomView\",\"room\":5}"
      })
  void an_incomplete_or_invalid_line_is_malformed_with_a_reason(String line) {
    assertThat(RequestDecoder.line(line).command())
        .isInstanceOfSatisfying(
            Malformed.class, malformed -> assertThat(malformed.error()).startsWith("Error: "));
  }

  static Stream<Arguments> frames() {
    return Stream.of(
        Arguments.of("{\"event\":\"say\",\"message\":\"hi\"}", new Say(null, Json.of("hi"), null)),
        Arguments.of("{\"event\":\"say\",\"message\":null}", new Say(null, new Json.Null(), null)),
        Arguments.of(
            "{\"event\":\"say\",\"message\":1,\"room\":\"r\"}", new Say("r", Json.of(1), null)),
        Arguments.of(
            "{\"event\":\"say\",\"message\":1,\"roomMatchKey\":\"auth\",\"roomMatchValue\":true}",
            new Say(null, Json.of(1), new Audience("auth", "true"))),
        Arguments.of(
            "{\"event\":\"say\",\"message\":1,\"roomMatchKey\":\"auth\"}",
            new Say(null, Json.of(1), new Audience("auth", null))),
        Arguments.of(
            "{\"event\":\"say\",\"message\":1,\"roomMatchValue\":\"x\"}",
            new Say(null, Json.of(1), null)),
        Arguments.of(
            "{\"event\":\"roomChange\",\"room\":\"two words\"}",
            new ChangeRoom("two words", Start.LIVE, null)),
        Arguments.of("{\"event\":\"paramAdd\",\"key\":\"a\",\"value\":2}", new AddParam("a", "2")),
        Arguments.of(
            "{\"event\":\"action\",\"params\":{\"action\":\"status\"}}",
            new Act("status", Map.of("action", Json.of("status")))),
        Arguments.of("{\"event\":\"action\"}", new Act("", Map.of())),
        Arguments.of(
            "{\"event\":\"roomView\",\"room\":\"r\",\"limit\":9,\"after\":\"0f\"}",
            new ViewRoom("r", new RoomStatus.Page(9, "0f", null))),
        Arguments.of(
            "{\"event\":\"roomView\",\"after\":\"0f\"}",
            new ViewRoom(null, new RoomStatus.Page(1000, "0f", null))),
        Arguments.of("{\"event\":\"exit\"}", new Quit()));
  }

  @ParameterizedTest
  @MethodSource("frames")
  void a_frame_is_an_object_with_an_event(String frame, Command command) {
    assertThat(RequestDecoder.frame(frame)).isEqualTo(new Request(command, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "hello", "say hello", "1", "null", "[]", "{}", "{\"event\":null}"})
  void a_frame_that_is_not_an_object_with_an_event_is_malformed(String frame) {
    assertThat(RequestDecoder.frame(frame).command()).isInstanceOf(Malformed.class);
  }

  @Test
  void a_message_id_is_kept_as_it_was_sent() {
    assertThat(RequestDecoder.frame("{\"event\":\"roomView\",\"messageId\":7}").messageId())
        .isEqualTo(Json.of(7));
    assertThat(RequestDecoder.line("{\"event\":\"fly\",\"messageId\":\"x\"}").messageId())
        .isEqualTo(Json.of("x"));
  }

  @Test
  void room_names_have_up_to_256_characters() {
    assertThat(RequestDecoder.line("roomChange " + "r".repeat(256)).command())
        .isInstanceOf(ChangeRoom.class);
    assertThat(RequestDecoder.line("roomChange " + "r".repeat(257)).command())
        .isInstanceOf(Malformed.class);
  }
}
