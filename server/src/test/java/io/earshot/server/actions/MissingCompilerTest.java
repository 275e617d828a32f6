package io.earshot.server.actions;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.server.settings.StartException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Java without a compiler runs the server, but no folder of source. */
class MissingCompilerTest {
  @TempDir Path folder;

  @Test
  void source_that_cannot_be_compiled_is_refused_before_a_port_opens() throws Exception {
    Files.writeString(
        folder.resolve("Greet.java"),
        """
        import io.earshot.*;
        public class Greet implements Action {
          public void run(Call call) { call.put("says", "one"); }
        }
        """);
    Config config = Config.defaults().with("general.actionsFolder", folder.toString());
    assertThatThrownBy(() -> ActionFolder.of(config, new ActionCompiler(null)))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("run with a JDK");
  }
}
