package io.earshot.server;

import static io.earshot.server.LineClient.field;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.earshot.Config;
import io.earshot.protocol.Json;
import io.earshot.server.actions.ActionFolder;
import io.earshot.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A folder of actions as source and jars, and changes of it while the server runs. */
class ActionFolderTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;
  @TempDir Path elsewhere;

  private final List<Logger> loggers =
      Stream.of("ActionFolder", "ServedActions")
          .map(each -> ActionFolder.class.getPackageName() + "." + each)
          .map(each -> (Logger) LoggerFactory.getLogger(each))
          .toList();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private @Nullable Serve serve;
  private @Nullable LineClient client;

  @BeforeEach
  void listen() {
    log.start();
    loggers.forEach(each -> each.addAppender(log));
  }

  @AfterEach
  void stop() {
    loggers.forEach(each -> each.detachAppender(log));
    if (client != null) {
      client.close();
    }
    if (serve != null) {
      serve.close();
    }
  }

  private Config config() {
    return Config.defaults()
        .with("tcpServer.port", 0)
        .with("httpServer.port", 0)
        .with("general.eventLoops", 1)
        .with("general.actionsFolder", folder.toString())
        .with("general.developmentMode", true);
  }

  private LineClient start() throws Exception {
    serve = Serve.start(config());
    client = new LineClient(serve);
    return client;
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(folder.resolve(file), text);
  }

  /** The source of an action with this name and answer. */
  private static String says(String name, String what) {
    return """
    import io.earshot.*;
    public class %s implements Action {
      public void run(Call call) { call.put("says", %s); }
    }
    """
        .formatted(name, what);
  }

  /** The source of the same action under another name. */
  private static String named(String name, String source) {
    return source.replace(
        "public void", "public String name() { return \"" + name + "\"; } public void");
  }

  private static Json.Obj eventually(LineClient client, String action, Predicate<Json.Obj> fits) {
    var answer = new AtomicReference<>(client.ask(action));
    Await.until(
        () -> LineClient.encoded(answer.get()),
        PATIENCE,
        () -> fits.test(answer.updateAndGet(_ -> client.ask(action))));
    return answer.get();
  }

  private static Predicate<Json.Obj> has(String field, String part) {
    return answer -> field(answer, field).contains(part);
  }

  private List<String> errors() {
    return log.list.stream()
        .filter(event -> event.getLevel() == ch.qos.logback.classic.Level.ERROR)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  @Test
  void a_file_can_be_edited_broken_fixed_and_removed_while_the_server_runs() throws Exception {
    write("Greet.java", says("Greet", "\"one\""));
    LineClient client = start();
    assertThat(field(client.ask("greet"), "says")).isEqualTo("\"one\"");

    write("Greet.java", says("Greet", "\"two\""));
    Json.Obj answer = eventually(client, "greet", has("says", "two"));
    assertThat(answer.get("developmentError")).isNull();

    write("Greet.java", says("Greet", "\"three\")"));
    answer = eventually(client, "greet", has("developmentError", "Greet.java:3: ';' expected"));
    assertThat(field(answer, "says")).isEqualTo("\"two\"");
    write("Greet.java", says("Greet", "undefined"));
    answer = eventually(client, "greet", has("developmentError", "cannot find symbol"));
    assertThat(field(answer, "says")).isEqualTo("\"two\"");
    assertThat(errors())
        .anyMatch("Greet.java:3: ';' expected"::equals)
        .anyMatch(line -> line.startsWith("Greet.java:3: cannot find symbol; symbol:"))
        .doesNotHaveDuplicates();

    write("Greet.java", says("Greet", "\"four\""));
    answer = eventually(client, "greet", has("says", "four"));
    assertThat(answer.get("developmentError")).isNull();

    Files.delete(folder.resolve("Greet.java"));
    eventually(client, "greet", has("error", "greet is not a known action"));
    write("Late.java", says("Late", "\"here\""));
    eventually(client, "late", has("says", "here"));
  }

  /** The source of a plug-in that adds a text to each message. */
  private static String adds(String name, String what) {
    return """
    import io.earshot.*;
    public class %s implements PlugIn {
      public void start(Api api) {
        api.hooks().onSay("*", say -> say.message().asText() + %s);
      }
    }
    """
        .formatted(name, what);
  }

  /** Says "x" until a hook has added this text to it. */
  private static void sayUntil(LineClient sender, LineClient receiver, String added) {
    var received = new AtomicReference<>("");
    Await.until(
        received::get,
        PATIENCE,
        () -> {
          sender.line("say x");
          received.set(field(receiver.received(), "message"));
          return received.get().equals("\"x" + added + "\"");
        });
  }

  @Test
  void a_plug_in_is_started_and_its_hooks_are_removed_with_its_file() throws Exception {
    write("Adds.java", adds("Adds", "\" one\""));
    write("Fails.java", adds("Fails", "\" never\"").replace(");\n  }", "); int i = 1 / 0;\n  }"));
    jar("plug.jar", "Jarred", adds("Jarred", "\" jar\""), "io.earshot.PlugIn", "Jarred");
    LineClient client = start();
    assertThat(serve).isNotNull();
    try (var receiver = new LineClient(serve)) {
      client.line("roomChange quiet");
      receiver.line("roomChange quiet");

      sayUntil(client, receiver, " jar one");
      write("Adds.java", adds("Adds", "\" two\""));
      sayUntil(client, receiver, " jar two");
      write("Adds.java", adds("Adds", "\" three\")"));
      write("Other.java", says("Other", "\"there\""));
      eventually(client, "other", has("says", "there"));
      sayUntil(client, receiver, " jar two"); // the last version that compiled
      Files.delete(folder.resolve("Adds.java"));
      sayUntil(client, receiver, " jar");
      Files.delete(folder.resolve("plug.jar"));
      sayUntil(client, receiver, "");
    }
  }

  @Test
  void a_broken_file_affects_only_files_that_need_it() throws Exception {
    write("Broken.java", "class Broken {");
    write("Needs.java", says("Needs", "new Broken().toString()"));
    write("Words.java", "class Words { static String hello() { return \"hello\"; } }");
    write("Uses.java", says("Uses", "Words.hello()"));
    Files.write(folder.resolve("Latin.java"), "// \u00e9".getBytes(ISO_8859_1));
    LineClient client = start();
    assertThat(field(client.ask("uses"), "says")).isEqualTo("\"hello\"");
    assertThat(field(client.ask("needs"), "error")).contains("not a known action");
    assertThat(errors())
        .satisfiesExactlyInAnyOrder(
            line -> assertThat(line).isEqualTo("Broken.java:1: reached end of file while parsing"),
            line -> assertThat(line).startsWith("Needs.java:3: cannot find symbol"),
            line -> assertThat(line).isEqualTo("Latin.java: not text in UTF-8"));

    write("Words.java", "class Words { static String bye() { return \"bye\"; } }");
    Json.Obj answer =
        eventually(client, "uses", has("developmentError", "Uses.java:3: cannot find symbol"));
    assertThat(field(answer, "says")).isEqualTo("\"hello\"");
  }

  @Test
  void actions_in_packages_nested_classes_records_and_package_private_classes_are_served()
      throws Exception {
    write("Packed.java", "package a.b;\n" + says("Packed", "\"packed\""));
    write(
        "Family.java",
        """
        import io.earshot.*;
        abstract class Family implements Action {
          public void run(Call call) { call.put("says", getClass().getSimpleName()); }
          static class Child extends Family {}
          private record Cousin() implements Action {
            public void run(Call call) { call.put("says", name()); }
          }
          static Action none() { return Action.of("none", call -> {}); }
          interface Other extends Action {}
        }
        """);
    LineClient client = start();
    assertThat(field(client.ask("packed"), "says")).isEqualTo("\"packed\"");
    assertThat(field(client.ask("child"), "says")).isEqualTo("\"Child\"");
    assertThat(field(client.ask("cousin"), "says")).isEqualTo("\"cousin\"");
    assertThat(field(client.ask("family"), "error")).contains("not a known action");
    assertThat(errors()).isEmpty();
  }

  @Test
  void a_class_that_cannot_be_created_is_logged_and_its_last_good_version_stays() throws Exception {
    write("Greet.java", says("Greet", "\"one\""));
    write(
        "Alone.java", says("Alone", "1").replace("{\n  public", "{\n  Alone(int i) {}\n  public"));
    LineClient client = start();
    assertThat(errors())
        .containsExactly(
            "Alone.java: Alone needs a constructor without parameters, and must be static if it is"
                + " nested in a class");
    write("Greet.java", says("Greet", "2").replace("{\n  public", "{\n  int i = 1 / 0;\n  public"));
    Json.Obj answer = eventually(client, "greet", has("developmentError", "/ by zero"));
    assertThat(field(answer, "says")).isEqualTo("\"one\"");
  }

  @Test
  void a_shipped_action_returns_when_its_replacement_is_removed() throws Exception {
    write("RandomNumber.java", says("RandomNumber", "4"));
    LineClient client = start();
    assertThat(field(client.ask("randomNumber"), "says")).isEqualTo("4");
    Files.delete(folder.resolve("RandomNumber.java"));
    eventually(client, "randomNumber", has("randomNumber", "0."));
  }

  @Test
  void of_two_actions_with_one_name_the_first_file_counts_and_invalid_names_are_logged()
      throws Exception {
    write("A.java", named("same", says("A", "1")));
    write("B.java", named("same", says("B", "2")));
    write("C.java", named("a b", says("C", "3")));
    LineClient client = start();
    assertThat(field(client.ask("same"), "says")).isEqualTo("1");
    assertThat(errors())
        .satisfiesExactly(
            line ->
                assertThat(line).isEqualTo("B.java: there is another action 'same' in this folder"),
            line -> assertThat(line).startsWith("C.java: C is left out: ").contains("no blanks"));
  }

  @Test
  void outside_development_mode_the_folder_is_not_polled() throws Exception {
    write("Greet.java", says("Greet", "\"one\""));
    serve = Serve.start(config().with("general.developmentMode", false));
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("actions folder"));
  }

  @Test
  void polling_ends_with_the_server() throws Exception {
    start();
    assertThat(serve).isNotNull();
    serve.close();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("actions folder"));
  }

  @Test
  void a_jar_that_names_its_actions_is_served_and_so_is_source_that_uses_it() throws Exception {
    jar("plug.jar", "Plugged", says("Plugged", "\"from a jar\""), "Plugged");
    write("Uses.java", says("Uses", "new Plugged().name()"));
    LineClient client = start();
    assertThat(field(client.ask("plugged"), "says")).isEqualTo("\"from a jar\"");
    assertThat(field(client.ask("uses"), "says")).isEqualTo("\"plugged\"");
    Files.delete(folder.resolve("plug.jar"));
    eventually(client, "plugged", has("error", "not a known action"));
  }

  @Test
  void a_jar_that_names_a_missing_class_does_not_affect_others() throws Exception {
    jar("bad.jar", "Unnamed", says("Unnamed", "1"), "NotThere");
    jar("good.jar", "Plugged", says("Plugged", "1"), "Plugged");
    Files.writeString(folder.resolve("none.jar"), "no jar at all");
    write("Greet.java", says("Greet", "\"one\""));
    LineClient client = start();
    assertThat(field(client.ask("plugged"), "says")).isEqualTo("1");
    assertThat(field(client.ask("greet"), "says")).isEqualTo("\"one\"");
    assertThat(errors()).singleElement().asString().startsWith("none.jar: not a jar: ");
  }

  private void jar(String file, String name, String source, String service) throws IOException {
    jar(file, name, source, "io.earshot.Action", service);
  }

  private void jar(String file, String name, String source, String kind, String service)
      throws IOException {
    Path java = elsewhere.resolve(name + ".java");
    Files.writeString(java, source);
    String path = System.getProperty("java.class.path");
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-proc:none", "-cp", path, java.toString());
    assertThat(status).isZero();
    try (var jar = new JarOutputStream(Files.newOutputStream(folder.resolve(file)))) {
      for (var entry :
          Map.of(
                  name + ".class",
                  Files.readAllBytes(elsewhere.resolve(name + ".class")),
                  "META-INF/services/" + kind,
                  service.getBytes(UTF_8))
              .entrySet()) {
        jar.putNextEntry(new JarEntry(entry.getKey()));
        jar.write(entry.getValue());
      }
    }
  }

  @Test
  void a_missing_folder_is_one_line_and_status_2() throws Exception {
    Run run = Run.of("--tcp", "0", "--http", "0", "--actions", folder + "/none");
    assertThat(run.err())
        .isEqualTo(
            "earshot: general.actionsFolder: there is no folder "
                + folder
                + "/none; give one that exists to --actions"
                + System.lineSeparator());
    assertThat(run.status()).isEqualTo(2);
    write("file", "");
    assertThat(Run.of("--actions", folder + "/file").err())
        .contains("file is not a folder; give one");
  }

  @Test
  void dev_and_actions_are_settings() {
    assertThat(Run.of("config", "--dev", "--actions", "here").out())
        .contains("developmentMode: true", "actionsFolder: \"here\"");
  }
}
