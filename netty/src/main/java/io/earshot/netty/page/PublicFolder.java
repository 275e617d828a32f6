package io.earshot.netty.page;

import io.earshot.config.SettingFileException;
import io.earshot.netty.frame.Utf8;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The folder of static files. No path leads out of it. Its methods wait for the disk.
 *
 * <p>Immutable, except for a cache that is thread-safe. Files may be added, changed and deleted at
 * any time: each request looks anew.
 */
final class PublicFolder {

  /** The shortest file that is compressed; compressing a shorter one saves nothing. */
  private static final long MIN_GZIP = 512;

  /** The longest file that is compressed, since compressed files are kept in memory. */
  private static final int MAX_GZIP = 1 << 20;

  private final Path folder;
  private final Compressed compressed = new Compressed();

  /**
   * Checks that the folder exists.
   *
   * @throws IOException if it does not; the message names the setting
   */
  PublicFolder(String folder) throws IOException {
    try {
      this.folder = Path.of(folder);
    } catch (InvalidPathException e) {
      throw new SettingFileException("httpServer.publicFolder: there is no folder " + folder, e);
    }
    if (!Files.isDirectory(this.folder)) {
      throw new SettingFileException("httpServer.publicFolder: there is no folder " + folder);
    }
  }

  /**
   * Decodes a path to its names; null if no file can have this path. A name that begins or ends
   * with a dot is never served: this excludes parent folders, hidden files, and other spellings of
   * the same file.
   *
   * @param path the path under the folder, not decoded; a path that is empty or ends with a slash
   *     stands for {@code index.html} of a folder
   */
  static @Nullable List<String> names(String path) {
    var names = new ArrayList<String>();
    for (String part : path.split("/", -1)) {
      String name = decode(part);
      if (name == null || name.startsWith(".") || name.endsWith(".") || name.endsWith(" ")) {
        return null;
      }
      names.add(name);
    }
    if (names.getLast().isEmpty()) {
      names.set(names.size() - 1, "index.html");
    }
    return names.contains("") ? null : names;
  }

  /** Decodes a name; null if the result is not valid as a name. */
  private static @Nullable String decode(String part) {
    String name = Utf8.percentDecoded(part);
    return name == null
            || name.chars().anyMatch(c -> c < ' ' || c == 0x7F || c == '/' || c == '\\' || c == ':')
        ? null
        : name;
  }

  /**
   * Finds a file.
   *
   * @param gzip whether the client accepts a compressed file
   * @return null if there is no such file inside the folder
   * @throws IOException if the file cannot be read
   */
  @Nullable Representation find(List<String> names, boolean gzip) throws IOException {
    Path root = folder.toRealPath();
    Path named = root;
    for (String name : names) {
      named = named.resolve(name);
    }
    Path file = named.toRealPath(); // with symbolic links resolved
    String name = names.getLast();
    if (Files.isDirectory(file)) {
      name = "index.html";
      file = file.resolve(name).toRealPath();
    }
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!file.startsWith(root) || !attributes.isRegularFile()) {
      return null;
    }
    MediaType type = MediaType.of(name);
    Representation representation = representation(file, attributes, type, false);
    return gzip && type.isText() ? compressed(file, representation) : representation;
  }

  private static Representation representation(
      Path file, BasicFileAttributes attributes, MediaType type, boolean isGzip) {
    var modified = attributes.lastModifiedTime().toInstant();
    String tag =
        "\""
            + Long.toHexString(modified.getEpochSecond())
            + Integer.toHexString(modified.getNano())
            + "-"
            + Long.toHexString(attributes.size())
            + (isGzip ? "-gz\"" : "\"");
    return new Representation(
        type, tag, modified, attributes.size(), isGzip, new Representation.Content.InFile(file));
  }

  /**
   * The compressed file: a newer {@code .gz} beside it, or compressed now; the file itself if it is
   * too short or too long.
   */
  private Representation compressed(Path file, Representation representation) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".gz");
    if (Files.isRegularFile(beside, LinkOption.NOFOLLOW_LINKS)) {
      var attributes = Files.readAttributes(beside, BasicFileAttributes.class);
      if (!attributes.lastModifiedTime().toInstant().isBefore(representation.modified())) {
        return representation(beside, attributes, representation.type(), true);
      }
    }
    if (representation.length() < MIN_GZIP || representation.length() > MAX_GZIP) {
      return representation;
    }
    byte[] shorter =
        compressed.of(
            file + representation.tag(),
            () -> {
              try (var in = Files.newInputStream(file)) {
                return in.readNBytes(MAX_GZIP);
              }
            });
    String tag = representation.tag().substring(0, representation.tag().length() - 1) + "-gz\"";
    return new Representation(
        representation.type(),
        tag,
        representation.modified(),
        shorter.length,
        true,
        new Representation.Content.Bytes(shorter));
  }
}
