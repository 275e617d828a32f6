package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.server.settings.Assignment;
import io.earshot.server.settings.Environment;
import io.earshot.server.settings.Settings;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.SettingsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The files of {@code deploy/} and of the packages, against the settings that they name. */
class DeployTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root"));
  private static final Path KUBERNETES = ROOT.resolve("deploy/kubernetes");
  private static final Duration MARGIN = Duration.ofSeconds(10);

  @Test
  void the_deployment_gives_settings_that_exist_and_probes_ports_that_are_open() throws Exception {
    Map<?, ?> deployment = object("Deployment");
    Map<?, ?> pod = map(deployment, "spec", "template", "spec");
    Map<?, ?> container = (Map<?, ?>) list(pod, "containers").getFirst();
    var variables = new HashMap<String, String>();
    for (Object each : list(container, "env")) {
      Map<?, ?> variable = (Map<?, ?>) each;
      Object value = variable.get("value");
      variables.put(
          String.valueOf(variable.get("name")), value == null ? secret(variable) : text(value));
    }
    Config config = config(Environment.of(variables).assignments());
    assertThat(Environment.of(variables).assignments()).hasSameSizeAs(variables.entrySet());

    Map<String, Integer> ports = new HashMap<>();
    for (Object each : list(container, "ports")) {
      Map<?, ?> port = (Map<?, ?>) each;
      ports.put(text(port.get("name")), (Integer) port.get("containerPort"));
    }
    assertThat(ports)
        .isEqualTo(
            Map.of(
                "lines", config.tcpServer().port(),
                "http", config.httpServer().port(),
                "operators", config.management().port()));
    assertThat(config.management().enabled()).isTrue();
    assertThat(config.management().bindIP()).isEqualTo("*");
    // Prometheus is another pod, to which /metrics answers 403 by default.
    assertThat(config.metrics().networks())
        .contains("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7");
    for (var probe :
        Map.of("livenessProbe", "/livez", "startupProbe", "/livez", "readinessProbe", "/readyz")
            .entrySet()) {
      Map<?, ?> asked = map(container, probe.getKey(), "httpGet");
      assertThat(asked.get("path")).as(probe.getKey()).isEqualTo(probe.getValue());
      assertThat(asked.get("port")).as(probe.getKey()).isEqualTo("operators");
    }
    assertStopFits(config, Duration.ofSeconds((Integer) pod.get("terminationGracePeriodSeconds")));
    assertThat(pod.get("enableServiceLinks")).isEqualTo(false);
    assertThat(map(pod, "securityContext").get("runAsUser"))
        .isEqualTo(Integer.valueOf(userOfTheImage()));

    Map<?, ?> labels = map(deployment, "spec", "template", "metadata", "labels");
    assertThat(map(deployment, "spec", "selector", "matchLabels")).isEqualTo(labels);
    assertThat(map(object("PodDisruptionBudget"), "spec", "selector", "matchLabels"))
        .isEqualTo(labels);
    for (Map<?, ?> service : objects("Service")) {
      assertThat(map(service, "spec", "selector")).isEqualTo(labels);
      for (Object port : list(map(service, "spec"), "ports")) {
        assertThat(ports).containsKey(text(((Map<?, ?>) port).get("targetPort")));
      }
    }
    Map<?, ?> monitored = map(object("ServiceMonitor"), "spec", "selector", "matchLabels");
    assertThat(objects("Service").stream().map(service -> map(service, "metadata", "labels")))
        .filteredOn(each -> each.entrySet().containsAll(monitored.entrySet()))
        .hasSize(1);
  }

  @Test
  void the_kustomization_names_each_file_but_the_monitor() throws IOException {
    Map<?, ?> kustomization = object("Kustomization");
    try (Stream<Path> files = Files.list(KUBERNETES)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> !name.equals("kustomization.yaml") && !name.equals("monitor.yaml"))
          .hasSameElementsAs(
              list(kustomization, "resources").stream().map(Object::toString).toList());
    }
  }

  @Test
  void the_servers_of_compose_have_settings_that_exist_and_time_to_drain() throws Exception {
    Map<?, ?> compose = documents(ROOT.resolve("deploy/compose.yaml")).getFirst();
    for (String name : List.of("earshot1", "earshot2")) {
      Map<?, ?> service = map(compose, "services", name);
      var variables = new HashMap<String, String>();
      map(service, "environment")
          .forEach(
              (key, value) ->
                  variables.put(
                      text(key), text(value).startsWith("${") ? "s".repeat(64) : text(value)));
      String url = String.valueOf(variables.remove("EARSHOT_URL"));
      List<Assignment> assignments = Environment.of(variables).assignments();
      assertThat(assignments).hasSameSizeAs(variables.entrySet());
      Config config = config(assignments);
      assertThat(url).isEqualTo("http://127.0.0.1:" + config.management().port());
      String grace = text(service.get("stop_grace_period")).replace("s", "");
      assertStopFits(config, Duration.ofSeconds(Long.parseLong(grace)));
      assertThat(Files.readString(ROOT.resolve("deploy/haproxy.cfg")))
          .contains(
              name + ":" + config.httpServer().port() + " port " + config.management().port(),
              name + ":" + config.tcpServer().port() + " port " + config.management().port());
    }
  }

  @Test
  void haproxy_accepts_its_file() throws Exception {
    Path haproxy =
        Stream.of("/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy")
            .map(Path::of)
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(Path.of("haproxy"));
    assumeTrue(Files.isExecutable(haproxy), "needs haproxy");
    List<String> command =
        List.of(haproxy.toString(), "-c", "-f", ROOT.resolve("deploy/haproxy.cfg").toString());
    try (var check = new Program(ROOT, Map.of(), command)) {
      assertThat(check.status(Duration.ofSeconds(60))).as("%s", check.err()).isZero();
    }
  }

  @Test
  void the_settings_of_the_package_are_settings_and_keep_the_history() throws Exception {
    Config config = config(SettingsFile.assignments(ROOT.resolve("dist/deb/earshot.yaml")));
    String unit = Files.readString(ROOT.resolve("dist/deb/earshot.service"));
    assertThat(config.rooms().historyFolder()).isEqualTo("/var/lib/earshot");
    assertThat(unit)
        .contains("StateDirectory=earshot\n", "Type=notify\n")
        .contains("ExecStart=/usr/bin/earshot serve --config /etc/earshot/earshot.yaml\n");
  }

  @Test
  void the_image_asks_itself_whether_it_is_ready_with_the_command_that_it_starts_with()
      throws IOException {
    String file = Files.readString(ROOT.resolve("deploy/Dockerfile"));
    String start = file.substring(file.indexOf("ENTRYPOINT [") + 12, file.lastIndexOf(']'));
    assertThat(file).contains("CMD [" + start + ", \"health\"]");
  }

  private static String userOfTheImage() throws IOException {
    return Files.readAllLines(ROOT.resolve("deploy/Dockerfile")).stream()
        .filter(line -> line.startsWith("USER "))
        .map(line -> line.substring(5).split(":", 2)[0])
        .findFirst()
        .orElseThrow();
  }

  private static void assertStopFits(Config config, Duration grace) {
    Duration stop =
        config
            .general()
            .drainDelay()
            .plus(config.general().drainTime())
            .plus(config.general().shutdownTimeout());
    assertThat(grace).isGreaterThanOrEqualTo(stop.plus(MARGIN));
  }

  private static Config config(List<Assignment> assignments) throws SettingsException {
    return Settings.of(assignments).config();
  }

  private static String secret(Map<?, ?> variable) {
    Map<?, ?> reference = map(variable, "valueFrom", "secretKeyRef");
    return text(reference.get("key")).equals("redis-url") ? "redis://redis:6379" : "s".repeat(64);
  }

  private static Map<?, ?> object(String kind) throws IOException {
    List<Map<?, ?>> found = objects(kind);
    assertThat(found).as(kind).hasSize(1);
    return found.getFirst();
  }

  private static List<Map<?, ?>> objects(String kind) throws IOException {
    var found = new ArrayList<Map<?, ?>>();
    try (Stream<Path> files = Files.list(KUBERNETES)) {
      for (Path file : files.sorted().toList()) {
        documents(file).stream().filter(each -> kind.equals(each.get("kind"))).forEach(found::add);
      }
    }
    return found;
  }

  private static List<Map<?, ?>> documents(Path file) throws IOException {
    var options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    var documents = new ArrayList<Map<?, ?>>();
    for (Object each : new Yaml(new SafeConstructor(options)).loadAll(Files.readString(file))) {
      documents.add((Map<?, ?>) each);
    }
    return documents;
  }

  private static Map<?, ?> map(Map<?, ?> from, String... path) {
    Map<?, ?> at = from;
    for (String name : path) {
      assertThat(at.get(name)).as(String.join(".", path)).isInstanceOf(Map.class);
      at = (Map<?, ?>) at.get(name);
    }
    return at;
  }

  private static List<?> list(Map<?, ?> from, String name) {
    return (List<?>) from.get(name);
  }

  private static String text(Object value) {
    return String.valueOf(value);
  }
}
