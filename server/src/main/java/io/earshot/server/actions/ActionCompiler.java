package io.earshot.server.actions;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Compiles Java in memory, with the compiler of the JDK that runs the server, against the server's
 * class path.
 *
 * <p>Immutable.
 */
final class ActionCompiler {
  static final String NEEDS_A_JDK =
      "this Java is a JRE, which cannot compile: run with a JDK (EARSHOT_JAVA_HOME=/its/folder)";

  private final @Nullable JavaCompiler compiler;

  ActionCompiler(@Nullable JavaCompiler compiler) {
    this.compiler = compiler;
  }

  static ActionCompiler ofThisJava() {
    return new ActionCompiler(ToolProvider.getSystemJavaCompiler());
  }

  /**
   * The result of compiling some files.
   *
   * @param classes the names of the classes of each file without a problem
   * @param loader the loader of these classes
   * @param problems the problems of the other files
   */
  record Compiled(Map<String, List<String>> classes, ClassLoader loader, List<Problem> problems) {}

  boolean isMissing() {
    return compiler == null;
  }

  /**
   * Compiles files that may refer to each other. Files that do not compile are left out, and then
   * files that do not compile without them; the rest is compiled together.
   *
   * @param sources the texts by file name
   * @param jars jars that the files may use
   * @param parent the loader of the jars and of the server
   */
  Compiled compile(Map<String, String> sources, List<Path> jars, ClassLoader parent) {
    var problems = new ArrayList<Problem>();
    Map<String, String> rest = new TreeMap<>(sources);
    while (!rest.isEmpty()) {
      var output = new MemoryLoader(parent);
      List<Problem> found = attempt(rest, jars, output);
      if (found.isEmpty()) {
        return new Compiled(output.namesByFile(), output, problems);
      }
      problems.addAll(found);
      rest = FolderContents.without(rest, found);
    }
    return new Compiled(Map.of(), parent, problems);
  }

  /** Compiles all files into the output; if it returns problems, the output is of no use. */
  private List<Problem> attempt(Map<String, String> sources, List<Path> jars, MemoryLoader output) {
    if (compiler == null) {
      return ofAll(sources, NEEDS_A_JDK);
    }
    var found = new DiagnosticCollector<JavaFileObject>();
    try (var files =
        new ToMemory(compiler.getStandardFileManager(found, Locale.ROOT, null), output)) {
      List<String> options =
          List.of("-classpath", classPath(jars), "-sourcepath", "", "-proc:none", "-nowarn", "-g");
      List<Source> units =
          sources.entrySet().stream()
              .map(each -> new Source(each.getKey(), each.getValue()))
              .toList();
      boolean good = compiler.getTask(null, files, found, options, null, units).call();
      if (good) {
        return List.of();
      }
    } catch (IOException | RuntimeException e) {
      return ofAll(sources, "the compiler failed: " + e);
    }
    List<Problem> problems =
        found.getDiagnostics().stream()
            .filter(each -> each.getKind() == Diagnostic.Kind.ERROR)
            .filter(each -> each.getSource() instanceof Source)
            .map(ActionCompiler::problem)
            .toList();
    return problems.isEmpty()
        ? ofAll(sources, "the compiler failed: " + found.getDiagnostics())
        : problems;
  }

  private static List<Problem> ofAll(Map<String, String> sources, String message) {
    return sources.keySet().stream()
        .map(file -> new Problem(file, 0, message.replaceAll("\\s*\\R\\s*", "; ")))
        .toList();
  }

  private static Problem problem(Diagnostic<? extends JavaFileObject> diagnostic) {
    String message = diagnostic.getMessage(Locale.ROOT).strip().replaceAll("\\s*\\R\\s*", "; ");
    return new Problem(((Source) diagnostic.getSource()).file, diagnostic.getLineNumber(), message);
  }

  private static String classPath(List<Path> jars) {
    return Stream.concat(
            Stream.of(System.getProperty("java.class.path")), jars.stream().map(Path::toString))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /**
   * The source of one file.
   *
   * <p>Immutable.
   */
  private static final class Source extends SimpleJavaFileObject {
    final String file;
    private final String text;

    Source(String file, String text) {
      super(Path.of("/", file).toUri(), Kind.SOURCE);
      this.file = file;
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  /** Puts the classes that the compiler writes into a loader. */
  private static final class ToMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final MemoryLoader output;

    ToMemory(JavaFileManager files, MemoryLoader output) {
      super(files);
      this.output = output;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
      String file = ((Source) sibling).file;
      URI uri = URI.create("memory:///" + name.replace('.', '/') + kind.extension);
      return new SimpleJavaFileObject(uri, kind) {
        @Override
        public OutputStream openOutputStream() {
          return new ByteArrayOutputStream() {
            @Override
            public void close() {
              output.put(file, name, toByteArray());
            }
          };
        }
      };
    }
  }
}
