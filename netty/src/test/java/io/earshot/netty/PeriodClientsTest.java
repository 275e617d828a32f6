package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The npm clients that users of the described system have, installed from the registry and put to
 * use.
 */
final class PeriodClientsTest {

  @Test
  void both_generations_of_npm_clients_connect_change_rooms_say_and_hear() throws Exception {
    assumeTrue(isThere("npm"), "npm is not installed; ./test installs it where it may");
    Path folder = Files.createDirectories(Path.of("target", "npm"));
    for (String file : new String[] {"package.json", "package-lock.json", "talk.js"}) {
      Files.write(folder.resolve(file), Files.readAllBytes(Path.of("src", "test", "npm", file)));
    }
    run(folder, "npm", "ci", "--no-audit", "--no-fund");
    try (EarshotServer server = Kind.EPOLL_LINES.start(Config.defaults())) {
      assertThat(run(folder, "node", "talk.js", String.valueOf(server.tcpPort())))
          .contains("both clients are content");
    }
  }

  private static boolean isThere(String program) {
    try {
      return new ProcessBuilder(program, "--version").redirectErrorStream(true).start().waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String run(Path folder, String... command) throws Exception {
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(2, TimeUnit.MINUTES);
    process.destroyForcibly();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(ended && process.exitValue() == 0).as(text).isTrue();
    return text;
  }
}
