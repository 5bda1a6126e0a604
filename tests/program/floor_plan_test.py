"""What the import contracts do not say: no file imports itself through others, not even for types or in a function."""

import grimp


def test_no_two_files_import_each_other_on_whatever_way() -> None:
    graph = grimp.build_graph("modules", exclude_type_checking_imports=False)
    left = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    while free := [name for name, imports in left.items() if not imports & left.keys()]:
        for name in free:
            del left[name]
    assert sorted(left) == [], "these are in a circle, or import one that is"
