package io.earshot.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.earshot.Api;
import io.earshot.client.EarshotException;
import io.earshot.client.Event;
import io.earshot.client.State;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.spring.guide.earshot.GreetingApplication;
import io.earshot.test.EarshotTest;
import io.earshot.test.EarshotTestServer;
import io.earshot.test.TestClient;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;

/** One application with a web server, Spring Security and the Actuator. */
@SpringBootTest(
    classes = {Application.class, GreetingApplication.class},
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "spring.config.import=classpath:/guide/earshot/application.properties",
      "earshot.tcp-server.port=0",
      "earshot.http-server.port=0",
      "earshot.general.event-loops=1",
      "earshot.general.reconnect-spread=0s",
      "earshot.rooms.rules=staff.* join=staff:true",
      "management.endpoints.web.exposure.include=health,metrics",
      "management.endpoint.health.show-details=always",
      "spring.main.banner-mode=off"
    })
@EarshotTest
class ApplicationTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Value("${local.server.port}")
  private int web;

  @Autowired private Api api;

  @Test
  void the_guide_greets_all_who_are_there(EarshotTestServer server) {
    TestClient ada = server.client().join("greetings");
    TestClient bob = server.client().join("greetings");
    ada.action("hello", Map.of("name", "Ada"));
    ada.await("greetings", "Hello, Ada!");
    bob.await("greetings", "Hello, Ada!");
  }

  @Test
  void actions_run_on_virtual_threads(EarshotTestServer server) {
    assertThat(server.client().action("whoAmI", Map.of()))
        .containsEntry("isVirtual", Json.from(true));
  }

  @Test
  void hooks_decide_about_the_rooms_of_their_annotation(EarshotTestServer server) {
    TestClient ada = server.client().join("polite.room").join("attic");
    assertThatThrownBy(() -> ada.say("polite.room", "hey!")).hasMessageContaining("do not shout");
    assertThat(ada.say("polite.room", "hey").offset()).isPositive();
    assertThat(ada.say("attic", "hey!").offset()).isPositive();
  }

  @Test
  void beans_use_the_api(EarshotTestServer server) {
    TestClient ada = server.client();
    assertThat(api.connection(ada.id())).isPresent();
    var unused = api.chatRoom().socketRoomBroadcast(null, "from a bean");
    ada.await("defaultRoom", "from a bean");
  }

  @Test
  void the_application_serves_the_client_for_its_pages() throws Exception {
    assertThat(http("/earshot.js", null, null).body()).contains("export class Earshot");
  }

  // --- logins ----------------------------------------------------------------------------------

  private HttpResponse<String> http(String path, @Nullable String body, @Nullable String cookie)
      throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create("http://localhost:" + web + path));
    if (body != null) {
      request
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(HttpRequest.BodyPublishers.ofString(body));
    }
    if (cookie != null) {
      request.header("Cookie", cookie);
    }
    return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private String sessionOfAda() throws IOException, InterruptedException {
    HttpResponse<String> answer = http("/login", "username=ada&password=lovelace", null);
    return answer.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
  }

  private static User user(TestClient client) {
    return Objects.requireNonNull(client.user());
  }

  @Test
  void the_session_of_a_cookie_is_a_login_until_it_ends(EarshotTestServer server)
      throws IOException, InterruptedException {
    String cookie = sessionOfAda();
    TestClient ada = server.client(builder -> builder.header("Cookie", cookie));
    assertThat(user(ada).id()).isEqualTo("ada");
    assertThat(ada.join("staff.room").action("whoAmI", Map.of()))
        .hasEntrySatisfying(
            "attributes",
            json ->
                assertThat(((Json.Obj) json).fields())
                    .containsEntry("user", Json.of("ada"))
                    .containsEntry("staff", Json.of("true")));
    assertThat(http("/logout", "", cookie).statusCode()).isEqualTo(302);
    Await.until("the end", () -> ada.client().state() == State.CLOSED);
    assertThatThrownBy(() -> ada.say("staff.room", "?")).hasMessageContaining("session has ended");
    assertThat(server.client(builder -> builder.header("Cookie", cookie)).user()).isNull();
  }

  @Test
  void a_login_as_somebody_else_in_the_session_ends_the_connections_of_the_first(
      EarshotTestServer server) throws IOException, InterruptedException {
    String cookie = sessionOfAda();
    TestClient ada = server.client(builder -> builder.header("Cookie", cookie));
    assertThat(user(ada).id()).isEqualTo("ada");
    HttpResponse<String> again = http("/login", "username=bob&password=babbage", cookie);
    String changed = again.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
    Await.until("the end", () -> ada.client().state() == State.CLOSED);
    TestClient bob = server.client(builder -> builder.header("Cookie", changed));
    assertThat(user(bob).id()).isEqualTo("bob");
    assertThat(bob.client().state()).isEqualTo(State.OPEN);
  }

  @Test
  void a_cookie_of_no_session_is_no_login(EarshotTestServer server) {
    TestClient eve =
        server.client(builder -> builder.header("Cookie", "JSESSIONID=0123456789ABCDEF"));
    assertThat(eve.user()).isNull();
    assertThatThrownBy(() -> eve.join("staff.room")).hasMessageContaining("may not join");
  }

  /** Browsers send cookies to all ports of a host, whatever page asks for that. */
  @Test
  void the_cookie_counts_for_the_page_of_the_guide_and_no_other_origin_gets_in(
      EarshotTestServer server) throws IOException, InterruptedException {
    String cookie = sessionOfAda();
    String page = "http://localhost:8080";
    TestClient ada =
        server.client(builder -> builder.header("Cookie", cookie).header("Origin", page));
    assertThat(user(ada).id()).isEqualTo("ada");
    assertThatThrownBy(
            () ->
                server.client(
                    builder ->
                        builder.header("Cookie", cookie).header("Origin", "https://evil.example")))
        .isInstanceOf(EarshotException.class);
  }

  @Test
  void tokens_that_the_decoder_accepts_are_logins_on_each_transport(EarshotTestServer server) {
    String token = Application.token("bob");
    TestClient byHeader = server.client(builder -> builder.login(token));
    TestClient byLine = server.client(server.tcp(), builder -> builder.login(token));
    assertThat(user(byHeader).name()).isEqualTo("The token of bob");
    assertThat(user(byLine).id()).isEqualTo("bob");
    assertThatThrownBy(() -> server.client(builder -> builder.login(token + "x")))
        .hasMessageContaining("this token is not valid");
  }

  // --- operation -------------------------------------------------------------------------------

  @Test
  void the_actuator_shows_health_and_metrics(EarshotTestServer server) throws Exception {
    TestClient ada = server.client();
    assertThat(http("/actuator/health", null, null).body())
        .contains("\"earshot\":{", "\"connections\":", "\"status\":\"UP\"");
    assertThat(
            http("/actuator/metrics/earshot.connections?tag=transport:websocket", null, null)
                .body())
        .containsPattern("\"value\":[1-9]");
    assertThat(ada.id()).isNotEmpty();
  }

  @Test
  void connections_survive_a_cut_and_a_restart_of_the_server_in_the_context(
      EarshotTestServer server) {
    var lines = new ListAppender<ILoggingEvent>();
    var logger = (Logger) LoggerFactory.getLogger(EarshotLifecycle.class);
    lines.start();
    logger.addAppender(lines);
    TestClient ada = server.client().join("attic");
    TestClient bob = server.client().join("attic");
    server.cutAll();
    ada.say("attic", "one");
    bob.await("attic", "one");
    server.assertNoGap();
    server.restart();
    ada.say("attic", "two");
    Event.Message two = bob.await("attic", "two");
    assertThat(two.place().offset()).isPositive();
    server.assertNoGap();
    logger.detachAppender(lines);
    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.equals("Earshot has stopped."))
        .anyMatch(line -> line.matches("Earshot has started: TCP on port .*"));
    assertThat(api.actions().find("whoAmI")).as("the beans are there again").isPresent();
  }
}
