package io.earshot.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What reflection says about a record of a tree of settings. It is asked once for each record,
 * since it reads the annotations from the class file again whenever it is asked.
 *
 * <p>Immutable.
 *
 * @param type the class of the record
 * @param constructor its canonical constructor
 * @param parts its components, in their order
 */
record Branch(Class<?> type, Constructor<?> constructor, List<Part> parts) {
  private static final ClassValue<Branch> ALL =
      new ClassValue<>() {
        @Override
        protected Branch computeValue(Class<?> type) {
          return read(type);
        }
      };

  /**
   * One component.
   *
   * @param setting null if the component is a branch itself
   */
  record Part(String name, Class<?> type, Method accessor, @Nullable Setting setting) {
    Object in(Record branch) {
      try {
        return accessor.invoke(branch);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new LinkageError("a record's accessor failed", e);
      }
    }

    boolean isCalled(String word) {
      return name.equals(word) || (setting != null && setting.alias().equals(word));
    }
  }

  /** What a class of records is like. */
  static Branch of(Class<?> type) {
    return ALL.get(type);
  }

  private static Branch read(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      return new Branch(
          type,
          type.getDeclaredConstructor(types),
          Arrays.stream(components).map(Branch::part).toList());
    } catch (NoSuchMethodException e) {
      throw new LinkageError("a record has no canonical constructor", e);
    }
  }

  private static Part part(RecordComponent component) {
    return new Part(
        component.getName(),
        component.getType(),
        component.getAccessor(),
        component.getAnnotation(Setting.class));
  }

  /**
   * Makes a record.
   *
   * @throws IllegalArgumentException if the record refuses a value
   */
  Object made(Object[] values) {
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new LinkageError("a record's constructor failed", e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a record's constructor failed", e);
    }
  }
}
