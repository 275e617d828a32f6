package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelfSignedTest {
  private static final Pattern SET = Pattern.compile("--set (\\S+)=(\\S+)");

  @TempDir Path folder;

  private Run cert(String... more) {
    var args = new ArrayList<>(List.of("cert", "--out", folder.resolve("tls").toString()));
    args.addAll(List.of(more));
    return Run.of(args.toArray(String[]::new));
  }

  private X509Certificate made() throws Exception {
    try (InputStream in = Files.newInputStream(folder.resolve("tls/cert.pem"))) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  @Test
  void a_server_starts_with_the_command_line_that_cert_prints() throws IOException {
    Run run = cert();
    assertThat(run.status()).isZero();
    Config config = Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0);
    Matcher set = SET.matcher(run.out());
    int count = 0;
    for (; set.find(); count++) {
      config = config.with(set.group(1), set.group(2));
    }
    assertThat(count).isEqualTo(6);
    assertThat(config.tcpServer().secure()).isTrue();
    assertThat(config.httpServer().secure()).isTrue();
    try (EarshotServer server = EarshotServer.start(config)) {
      assertThat(server.httpPort()).isPositive();
    }
  }

  @Test
  void the_certificate_is_for_this_machine_and_the_given_hosts_and_valid_for_a_year()
      throws Exception {
    assertThat(cert("--host", "chat.example.org", "--host", "192.0.2.1").out())
        .contains("localhost, 127.0.0.1, ::1, chat.example.org, 192.0.2.1");
    X509Certificate made = made();
    assertThat(made.getSubjectAlternativeNames())
        .extracting(name -> String.valueOf(name.get(1)))
        .containsExactlyInAnyOrder(
            "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1", "chat.example.org", "192.0.2.1");
    assertThat(made.getPublicKey())
        .isInstanceOfSatisfying(
            ECPublicKey.class,
            key -> assertThat(key.getParams().getOrder().bitLength()).isEqualTo(256));
    assertThat(
            Duration.between(made.getNotBefore().toInstant(), made.getNotAfter().toInstant())
                .toDays())
        .isEqualTo(365);
  }

  @Test
  void only_the_owner_may_read_the_key() throws IOException {
    cert();
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("tls/key.pem"))))
        .isEqualTo("rw-------");
  }

  @Test
  void existing_files_are_replaced_with_force_only() throws Exception {
    cert();
    X509Certificate first = made();
    Run again = cert();
    assertThat(again.status()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo(
            "earshot: "
                + folder.resolve("tls/cert.pem")
                + " already exists; --force replaces it"
                + System.lineSeparator());
    assertThat(made()).isEqualTo(first);
    assertThat(cert("--force").status()).isZero();
    assertThat(made()).isNotEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,dns:b", "a b", "", "-ext", "1.2.3.4,ip:1.1.1.1"})
  void an_invalid_host_is_refused_and_nothing_is_written(String host) {
    Run run = cert("--host", host);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("earshot: ").hasLineCount(1);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_folder_that_cannot_be_created_is_one_line_and_status_1() throws IOException {
    Files.writeString(folder.resolve("tls"), "a file");
    Run run = cert();
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("earshot: certificate and key cannot be made in ")
        .hasLineCount(1);
  }

  @Test
  void a_server_without_its_files_does_not_start_and_names_the_setting() {
    Run run = Run.of("--tcp", "0", "--http", "0", "--set", "httpServer.secure=true");
    assertThat(run.err())
        .isEqualTo(
            "earshot: httpServer.certFile is not set; secure needs it"
                + " (./earshot cert makes a pair for trying)"
                + System.lineSeparator());
    assertThat(run.status()).isEqualTo(2);
  }
}
