from scenarios.explore.plan import DEEDS, generate


def test_the_same_seed_is_the_same_plan_and_another_seed_another():
    assert generate("1/2") == generate("1/2")
    assert generate("1/2") != generate("1/3")


def test_deeds_are_in_order_and_end_before_everything_is_made_good_again():
    for number in range(100):
        plan = generate(f"1/{number}")
        moments = [deed.at for deed in plan.deeds]
        assert moments == sorted(moments)
        assert not moments or moments[-1] < plan.calm_at


def test_every_kind_of_deed_comes_up():
    found = {deed.name for number in range(150) for deed in generate(f"1/{number}").deeds}
    assert found == set(DEEDS)
