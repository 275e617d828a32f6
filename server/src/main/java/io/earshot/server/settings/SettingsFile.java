package io.earshot.server.settings;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Settings as a YAML file. A scalar is read as text and not converted by YAML's rules: {@code on}
 * is not {@code true}, and {@code 010} is not 8. Each setting converts its own text.
 *
 * <p>Owned by the thread that reads the file.
 */
public final class SettingsFile {
  private final Path file;
  private final List<Assignment> assignments = new ArrayList<>();
  private final Map<String, Integer> lines = new HashMap<>();

  private SettingsFile(Path file) {
    this.file = file;
  }

  /**
   * The settings of a file, in its order.
   *
   * @throws SettingsException if the file cannot be read, is not YAML, sets a setting twice, or
   *     contains something other than settings; the message names the line
   */
  public static List<Assignment> assignments(Path file) throws SettingsException {
    var reader = new SettingsFile(file);
    try {
      Node root = new Yaml(new LoaderOptions()).compose(new StringReader(Files.readString(file)));
      if (root != null && !root.getTag().equals(Tag.NULL)) {
        reader.read("", root);
      }
    } catch (NoSuchFileException e) {
      throw new SettingsException(
          "there is no file " + file + ": give one that exists to --config");
    } catch (CharacterCodingException e) {
      throw new SettingsException("file " + file + " is not text in UTF-8");
    } catch (IOException e) {
      String why =
          Files.isDirectory(file) ? "it is a folder" : "access is denied, or the disk has failed";
      throw new SettingsException("file " + file + " cannot be read: " + why);
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
      throw reader.refusal(line, "this is not YAML: " + e.getProblem());
    } catch (YAMLException e) {
      throw new SettingsException("file " + file + " is not YAML: " + e.getMessage());
    }
    return reader.assignments;
  }

  private void read(String path, Node node) throws SettingsException {
    switch (node) {
      case MappingNode mapping when path.isEmpty() || isSection(path) -> {
        for (NodeTuple entry : mapping.getValue()) {
          read(path.isEmpty() ? key(entry) : path + "." + key(entry), entry.getValueNode());
        }
      }
      case ScalarNode scalar when scalar.getTag().equals(Tag.NULL) && isSection(path) -> {
        // An empty section changes nothing.
      }
      case ScalarNode scalar
          when scalar.getTag().equals(Tag.NULL)
              && isSetting(path)
              && !(scalar.getValue().equals("null") && mayBeNull(path)) ->
          throw refusal(
              line(node),
              path + " has no value: write one, \"\" for an empty text, or leave it out");
      case ScalarNode scalar when !path.isEmpty() -> assign(path, scalar.getValue(), node);
      case SequenceNode sequence when !path.isEmpty() -> assign(path, texts(path, sequence), node);
      default ->
          throw refusal(
              line(node),
              path.isEmpty()
                  ? "this must be settings such as 'tcpServer.port: 5000'"
                  : "'" + path + "' is not a section; ./earshot config shows those there are");
    }
  }

  private void assign(String path, Object value, Node node) throws SettingsException {
    Integer earlier = lines.put(Settings.pathOf(path), line(node));
    if (earlier != null) {
      throw refusal(
          line(node), path + " is already set on line " + earlier + ": remove one of the two");
    }
    assignments.add(new Assignment(path, value, place(line(node))));
  }

  private String key(NodeTuple entry) throws SettingsException {
    if (entry.getKeyNode() instanceof ScalarNode scalar && !scalar.getValue().isEmpty()) {
      return scalar.getValue();
    }
    throw refusal(line(entry.getKeyNode()), "the name of a setting must be a text");
  }

  private List<String> texts(String path, SequenceNode sequence) throws SettingsException {
    var texts = new ArrayList<String>();
    for (Node item : sequence.getValue()) {
      if (!(item instanceof ScalarNode scalar)) {
        throw refusal(line(item), path + " must be a list of texts");
      }
      texts.add(scalar.getValue());
    }
    return texts;
  }

  /** Whether null is a value for this setting. */
  private static boolean mayBeNull(String path) {
    return Settings.KNOWN.stream()
        .anyMatch(entry -> entry.path().equals(path) && entry.defaultValue().equals("null"));
  }

  private static boolean isSection(String path) {
    return Settings.KNOWN.stream().anyMatch(entry -> entry.path().startsWith(path + "."));
  }

  private static boolean isSetting(String path) {
    return Settings.KNOWN.stream().anyMatch(entry -> entry.path().equals(Settings.pathOf(path)));
  }

  private static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }

  private String place(int line) {
    return "file " + file + ", line " + line;
  }

  private SettingsException refusal(int line, @Nullable String why) {
    return new SettingsException(place(line) + ": " + why);
  }
}
