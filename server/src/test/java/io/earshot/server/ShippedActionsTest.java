package io.earshot.server;

import static io.earshot.server.LineClient.field;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.protocol.Json;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The actions that are part of the server. */
class ShippedActionsTest {
  @SuppressWarnings("NullAway.Init")
  private Serve serve;

  @SuppressWarnings("NullAway.Init")
  private LineClient client;

  @BeforeEach
  void start() throws Exception {
    serve =
        Serve.start(
            Config.defaults()
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0)
                .with("general.eventLoops", 2)
                .with("rooms.announcements", false));
    client = new LineClient(serve);
  }

  @AfterEach
  void stop() {
    client.close();
    serve.close();
  }

  @Test
  void status_counts_connections_rooms_and_messages() {
    try (var other = new LineClient(serve)) {
      other.line("roomChange attic");
      client.line("listenToRoom cellar");
      client.line("say one");
      other.line("say two");
      Json.Obj status = client.ask("status");
      assertThat(Long.parseLong(field(status, "uptimeSeconds"))).isBetween(0L, 60L);
      assertThat(field(status, "connections")).contains("\"tcp\":2", "\"websocket\":0");
      assertThat(field(status, "rooms")).isEqualTo("3");
      assertThat(field(status, "messages")).isEqualTo("2");
      assertThat(field(status, "memory"))
          .matches("\\{\"usedBytes\":\\d+,\"reservedBytes\":\\d+,\"maxBytes\":\\d+}");
    }
  }

  @Test
  void random_number_is_between_0_and_1() {
    double number = Double.parseDouble(field(client.ask("randomNumber"), "randomNumber"));
    assertThat(number).isBetween(0.0, 1.0);
  }

  @Test
  void actions_view_shows_every_action_with_its_inputs() {
    serve
        .server()
        .api()
        .actions()
        .add(
            Action.of("greet", call -> call.put("greeting", "Hello, " + call.text("name")))
                .withDescription("Says hello.")
                .withRequired("name")
                .withOptional("title")
                .withOutputExample(Map.of("greeting", "Hello, Ada")));
    assertThat(field(client.ask("greet", Map.of("name", "Ada")), "greeting"))
        .isEqualTo("\"Hello, Ada\"");
    assertThat(field(client.ask("actionsView"), "actions"))
        .contains(
            "{\"name\":\"greet\",\"description\":\"Says hello.\",\"required\":[\"name\"],"
                + "\"optional\":[\"title\"],\"outputExample\":{\"greeting\":\"Hello, Ada\"}}",
            "\"name\":\"actionsView\"",
            "\"name\":\"status\"",
            "\"name\":\"randomNumber\"");
    assertThat(field(client.ask("actionsView", Map.of("format", "wsdl")), "error"))
        .contains("there is no format 'wsdl'");
  }

  @Test
  void help_lists_the_verbs_and_the_actions() {
    serve.server().api().actions().add(Action.of("greet", _ -> {}));
    Json.Obj help = client.ask("help");
    assertThat(help.fields()).containsOnlyKeys("context", "verbs", "actions", "messageCount");
    assertThat(field(help, "verbs")).startsWith("[\"say TEXT\",\"roomChange ROOM\",");
    assertThat(field(help, "actions")).contains("\"greet\",\"help\",");
    serve.server().api().actions().add(Action.of("help", call -> call.put("answer", "our own")));
    assertThat(field(client.ask("help"), "answer")).isEqualTo("\"our own\"");
  }

  @Test
  void the_open_api_document_is_valid() {
    var actions = serve.server().api().actions();
    actions.add(Action.of("bare", _ -> {}));
    actions.add(
        Action.of("odd{name}?\u00e9", _ -> {})
            .withRequired("a", "a", "b c")
            .withOptional("a", "$ref")
            .withOutputExample(Map.of("list", List.of(1, "two", Map.of()))));
    String document = field(client.ask("actionsView", Map.of("format", "openapi")), "openapi");
    SwaggerParseResult result = parsed(document);
    assertThat(result.getMessages()).isEmpty();
    assertThat(result.getOpenAPI().getPaths())
        .containsKeys("/api/bare", "/api/status", "/api/odd%7Bname%7D%3F%C3%A9");
    assertThat(document)
        .contains(
            "\"parameters\":[{\"name\":\"format\",\"in\":\"query\",\"required\":false,"
                + "\"schema\":{\"type\":\"string\"}}]");
  }

  @Test
  void the_validator_finds_errors() {
    String document = field(client.ask("actionsView", Map.of("format", "openapi")), "openapi");
    assertThat(parsed(document.replace("\"info\":", "\"inform\":")).getMessages()).isNotEmpty();
    assertThat(parsed(document.replace("\"responses\":", "\"answers\":")).getMessages())
        .isNotEmpty();
  }

  private static SwaggerParseResult parsed(String document) {
    return new OpenAPIV3Parser().readContents(document);
  }
}
